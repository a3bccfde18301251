import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ExecCreateRequest, ExecInspect } from '../../src/api/wire/container.ts';
import type { Hijacked } from '../fixtures/http.ts';
import { splitBuffer } from '../fixtures/frames.ts';
import { waitUntil, within } from '../fixtures/wait-until.ts';
import { onEveryEndpoint, type TestContainer } from './endpoint.ts';

onEveryEndpoint('exec', (endpoint) => {
  let container: TestContainer;
  before(async () => { container = await endpoint().started({ Cmd: ['sleep', '3000'], Env: ['FROM=container'] }); });
  after(() => container.remove());

  const create = async (request: ExecCreateRequest): Promise<string> => {
    const reply = await endpoint().api.post(container.at('/exec'), { AttachStdout: true, AttachStderr: true, ...request });
    assert.equal(reply.status, 201, reply.text);
    return reply.as<{ Id: string }>().Id;
  };
  const start = (id: string, options: { Tty?: boolean; upgrade?: boolean } = {}): Promise<Hijacked> =>
    endpoint().api.hijack(`/exec/${id}/start`, { upgrade: options.upgrade ?? true, json: { Detach: false, Tty: options.Tty ?? false } });
  const inspect = async (id: string): Promise<ExecInspect> => (await endpoint().api.get(`/exec/${id}/json`)).as<ExecInspect>();

  for (const upgrade of [true, false]) {
    test(`output in frames and the exit code, ${upgrade ? 'asking for' : 'without'} an upgrade`, async () => {
      const id = await create({ Cmd: ['sh', '-c', 'echo out; echo err >&2; exit 7'] });
      assert.match(id, /^[0-9a-f]{64}$/);
      const connection = await start(id, { upgrade });
      assert.equal(connection.status, upgrade ? 101 : 200);
      const { stdout, stderr } = await splitBuffer(await within(20_000, 'the output', connection.read()));
      assert.deepEqual([stdout.toString(), stderr.toString()], ['out\n', 'err\n']);
      const shown = await waitUntil('the exit code', async () => { const one = await inspect(id); return one.Running ? undefined : one; });
      assert.equal(shown.ExitCode, 7);
      assert.equal(shown.ContainerID, container.id);
      assert.deepEqual([shown.ProcessConfig.entrypoint, shown.ProcessConfig.arguments], ['sh', ['-c', 'echo out; echo err >&2; exit 7']]);
    });
  }

  test('standard input, and its end by closing our half', async () => {
    const id = await create({ AttachStdin: true, Cmd: ['sh', '-c', 'cat | wc -c; sleep 0.2; echo after'] });
    const connection = await start(id);
    connection.socket.end(Buffer.alloc(200_000, 'y'));
    assert.equal((await splitBuffer(await within(20_000, 'the output', connection.read()))).stdout.toString(), '200000\nafter\n');
  });

  test('environment, working directory and user', async () => {
    const id = await create({ Env: ['MINE=1'], WorkingDir: '/tmp', User: '1000:1000', Cmd: ['sh', '-c', 'echo $FROM $MINE $PWD $(id -u):$(id -g)'] });
    assert.equal((await splitBuffer(await (await start(id)).read())).stdout.toString(), 'container 1 /tmp 1000:1000\n');
  });

  test('a terminal, and its size', async () => {
    const id = await create({ Tty: true, AttachStdin: true, Cmd: ['sh', '-c', 'tty; read a; stty size'] });
    const connection = await start(id, { Tty: true });
    assert.equal(connection.headers['content-type'], 'application/vnd.docker.raw-stream');
    await waitUntil('the exec to run', async () => (await inspect(id)).Running);
    assert.ok([200, 201].includes((await endpoint().api.post(`/exec/${id}/resize?h=44&w=111`)).status));
    connection.socket.write('\r');
    const shown = (await within(20_000, 'the output', connection.read())).toString();
    assert.match(shown, /\/dev\/pts\/\d/);
    assert.match(shown, /44 111\r\n/);
    connection.socket.destroy();
  });

  test('detached: answers at once, runs on, the exit code is known', async () => {
    const id = await create({ AttachStdout: false, AttachStderr: false, Cmd: ['sh', '-c', 'sleep 0.3; exit 5'] });
    const reply = await endpoint().api.post(`/exec/${id}/start`, { Detach: true });
    assert.equal(reply.status, 200, reply.text);
    assert.equal((await waitUntil('the end', async () => { const one = await inspect(id); return one.Running || one.ExitCode === null ? undefined : one; })).ExitCode, 5);
  });

  test('a running exec is listed by its container and shown as running', async () => {
    const id = await create({ AttachStdin: true, Cmd: ['sh', '-c', 'read a'] });
    assert.deepEqual([(await inspect(id)).Running, (await inspect(id)).ExitCode], [false, null]);
    const connection = await start(id);
    const shown = await waitUntil('it to run', async () => { const one = await inspect(id); return one.Running && one.Pid > 1 ? one : undefined; });
    assert.equal(shown.ExitCode, null);
    assert.ok((await container.inspect()).ExecIDs?.includes(id));
    connection.socket.end('\n');
    await connection.read();
    await waitUntil('it to end', async () => !(await inspect(id)).Running);
  });

  test('many at once', async () => {
    const outputs = await Promise.all(Array.from({ length: 8 }, async (_, index) => {
      const id = await create({ Cmd: ['echo', String(index)] });
      return (await splitBuffer(await within(30_000, 'the output', (await start(id)).read()))).stdout.toString();
    }));
    assert.deepEqual(outputs, Array.from({ length: 8 }, (_, index) => `${String(index)}\n`));
  });

  test('a command that is not there: the error comes, exit code 127 (126 for one that cannot be executed)', async () => {
    for (const [command, code] of [['no-such-command', 127], ['/etc/motd', 126]] as const) {
      const id = await create({ Cmd: [command] });
      const connection = await start(id);
      const all = (await within(20_000, 'the answer', connection.read())).toString();
      assert.ok(connection.status === 101 || connection.status === 400, String(connection.status));
      assert.match(all, code === 127 ? /no-such-command.*not found/is : /permission denied/i);
      const { ExitCode } = await waitUntil('the end', async () => { const one = await inspect(id); return one.Running ? undefined : one; });
      // 20.10 says 126 to both.
      assert.equal(ExitCode, endpoint().minor < 42 ? 126 : code);
    }
  });

  test('errors: no command, not running, unknown, twice', async () => {
    const { api } = endpoint();
    const empty = await api.post(container.at('/exec'), { Cmd: [] });
    assert.deepEqual([empty.status, empty.message.toLowerCase()], [400, 'no exec command specified']);
    await using stopped = await endpoint().container({ Cmd: ['true'] });
    const refused = await api.post(stopped.at('/exec'), { Cmd: ['true'] });
    assert.equal(refused.status, 409);
    assert.match(refused.message, new RegExp(`Container ${stopped.id} is not running`, 'i'));
    assert.equal((await api.get('/exec/nope/json')).status, 404);
    assert.equal((await api.post('/exec/nope/start', { Detach: true })).status, 404);
    assert.equal((await api.post('/exec/nope/resize?h=1&w=1')).status, 404);
    const id = await create({ Cmd: ['true'] });
    await (await start(id)).read();
    await waitUntil('the end', async () => !(await inspect(id)).Running);
    assert.equal((await api.post(`/exec/${id}/start`, { Detach: true })).status, 409);
  });

  test('an exec ends with its container', async () => {
    await using short = await endpoint().started({ Cmd: ['sh', '-c', 'read x'], OpenStdin: true });
    const { Id } = (await endpoint().api.post(short.at('/exec'), { AttachStdout: true, Cmd: ['sleep', '1000'] })).as<{ Id: string }>();
    const connection = await start(Id);
    await waitUntil('it to run', async () => (await inspect(Id)).Running);
    assert.equal((await endpoint().api.post(short.at('/kill'))).status, 204);
    await within(20_000, 'the end of the exec', connection.read());
  });
});
