import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ExecCreateRequest, ExecInspect } from '../../src/api/wire/container.ts';
import type { EventMessage } from '../../src/api/wire/system.ts';
import { splitBuffer } from '../fixtures/frames.ts';
import { nextMoment } from '../fixtures/next-moment.ts';
import { waitUntil, within } from '../fixtures/wait-until.ts';
import { onEveryEndpoint, type TestContainer } from './endpoint.ts';

const MUXED = 'application/vnd.docker.multiplexed-stream';
const RAW = 'application/vnd.docker.raw-stream';

onEveryEndpoint('takeovers: types, halves, detaching, clients that go', (endpoint) => {
  let plain: TestContainer;
  let terminal: TestContainer;
  before(async () => {
    plain = await endpoint().started({ Cmd: ['sleep', '10000'] });
    terminal = await endpoint().started({ Cmd: ['cat'], Tty: true, OpenStdin: true });
  });
  after(async () => {
    await plain.remove();
    await terminal.remove();
  });

  const exec = async (request: ExecCreateRequest): Promise<string> => (await endpoint().api.post(plain.at('/exec'), { AttachStdout: true, AttachStderr: true, ...request })).as<{ Id: string }>().Id;
  const shown = async (id: string): Promise<ExecInspect> => (await endpoint().api.get(`/exec/${id}/json`)).as<ExecInspect>();

  test('the type says what comes, since API 1.42 and where an upgrade was asked for', async () => {
    const { api, minor } = endpoint();
    for (const version of [24, 41, ...(minor >= 42 ? [42, minor] : [])]) {
      for (const upgrade of [true, false]) {
        const expected = (tty: boolean): string => (!tty && upgrade && version >= 42 ? MUXED : RAW);
        for (const [container, tty] of [[plain, false], [terminal, true]] as const) {
          const attached = await api.hijack(`/v1.${String(version)}${container.at('/attach?stream=1&stdout=1&stderr=1')}`, { upgrade });
          assert.deepEqual([attached.status, attached.headers['content-type']], [upgrade ? 101 : 200, expected(tty)], `attach at 1.${String(version)}, terminal: ${String(tty)}`);
          attached.socket.destroy();
          const running = await api.hijack(`/v1.${String(version)}/exec/${await exec({ Cmd: ['echo', 'x'], Tty: tty })}/start`, { upgrade, json: { Tty: tty } });
          assert.deepEqual([running.status, running.headers['content-type']], [upgrade ? 101 : 200, expected(tty)], `exec at 1.${String(version)}, terminal: ${String(tty)}`);
          const bytes = await within(20_000, 'the output', running.read());
          assert.equal(tty ? bytes.toString() : (await splitBuffer(bytes)).stdout.toString(), tty ? 'x\r\n' : 'x\n');
          running.socket.destroy();
        }
      }
    }
  });

  test('our half of an exec is its standard input: 200,000 bytes, its end, and then its answer', async () => {
    const script = 'cat > /tmp/in; wc -c < /tmp/in; echo done >&2';
    const connection = await endpoint().api.hijack(`/exec/${await exec({ Cmd: ['sh', '-c', script], AttachStdin: true })}/start`, { upgrade: true, json: {} });
    connection.socket.end(Buffer.alloc(200_000, 'y'));
    const { stdout, stderr } = await splitBuffer(await within(20_000, 'the output', connection.read()));
    assert.deepEqual([stdout.toString(), stderr.toString()], ['200000\n', 'done\n']);
  });

  test('input in the packet of the request of an exec is not lost', async (context) => {
    // dockerd throws away what its reader of the request has taken too much; clients cannot know, so we keep it.
    if (endpoint().kind === 'dockerd') { context.skip('dockerd loses it'); return; }
    const connection = await endpoint().api.hijack(`/exec/${await exec({ Cmd: ['cat'], AttachStdin: true })}/start`, { upgrade: true, json: {}, early: 'early\n' });
    connection.socket.end('late\n');
    assert.equal((await splitBuffer(await within(20_000, 'the output', connection.read()))).stdout.toString(), 'early\nlate\n');
  });

  for (const [keys, bytes] of [['', '\u0010\u0011'], ['ctrl-x', '\u0018'], ['a,b', 'ab']] as const) {
    test(`${keys === '' ? 'ctrl-p,ctrl-q' : keys} leaves a command that runs on`, async () => {
      const { api } = endpoint();
      const since = await nextMoment();
      const id = await exec({ Cmd: ['sh', '-c', 'echo ready; while [ ! -e /tmp/end ]; do sleep 0.05; done'], Tty: true, AttachStdin: true, DetachKeys: keys });
      const connection = await api.hijack(`/exec/${id}/start`, { upgrade: true, json: { Tty: true } });
      await within(20_000, 'the first words', new Promise((resolve) => { connection.socket.once('readable', () => { resolve(undefined); }); }));
      connection.socket.write(bytes);
      assert.match((await within(20_000, 'the end of the connection', connection.read())).toString(), /ready/);
      connection.socket.destroy();
      // 20.10 takes the keys of an exec for a failure, and ends the command.
      if (endpoint().minor < 42) return;
      assert.equal((await shown(id)).Running, true);
      const filters = encodeURIComponent(JSON.stringify({ container: [plain.id], event: ['exec_detach'] }));
      await waitUntil('the event', async () => (await api.get(`/events?since=${since.toFixed(3)}&until=${(Date.now() / 1000).toFixed(3)}&filters=${filters}`)).lines<EventMessage>().some(({ Actor }) => Actor.Attributes['execID'] === id));
      await endpoint().docker.ok('exec', plain.id, 'touch', '/tmp/end');
      await waitUntil('its end', async () => !(await shown(id)).Running);
      await endpoint().docker.ok('exec', plain.id, 'rm', '/tmp/end');
    });
  }

  test('a client that goes leaves its command running; its end is known', async () => {
    const id = await exec({ Cmd: ['sh', '-c', 'echo here; while [ ! -e /tmp/stop ]; do sleep 0.05; done; exit 5'] });
    const connection = await endpoint().api.hijack(`/exec/${id}/start`, { upgrade: true, json: {} });
    await within(20_000, 'the first words', new Promise((resolve) => { connection.socket.once('readable', () => { resolve(undefined); }); }));
    connection.socket.destroy();
    assert.equal((await shown(id)).Running, true);
    await endpoint().docker.ok('exec', plain.id, 'touch', '/tmp/stop');
    assert.equal(await waitUntil('its end', async () => { const exit = await shown(id); return exit.Running ? undefined : exit.ExitCode; }), 5);
  });

  test('one that never reads holds up nobody but its own command', async () => {
    const id = await exec({ Cmd: ['sh', '-c', 'yes | head -c 3000000; touch /tmp/written'] });
    const connection = await endpoint().api.hijack(`/exec/${id}/start`, { upgrade: true, json: {} });
    connection.socket.pause();
    assert.equal(await endpoint().docker.ok('exec', plain.id, 'echo', 'others go on'), 'others go on');
    assert.equal((await endpoint().api.get(plain.at('/top'))).status, 200);
    const bytes = await within(30_000, 'all of it, once it is read', connection.read());
    assert.equal((await splitBuffer(bytes)).stdout.length, 3_000_000);
    await waitUntil('its end', async () => !(await shown(id)).Running);
    assert.equal((await shown(id)).ExitCode, 0);
  });
});
