import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { splitBuffer, splitFrames } from '../fixtures/frames.ts';
import { within } from '../fixtures/wait-until.ts';
import { onEveryEndpoint, type Endpoint, type TestContainer } from './endpoint.ts';

const text = async ({ api }: Endpoint, container: TestContainer, query: string): Promise<string> => {
  const reply = await api.get(container.at(`/logs?${query}`));
  assert.equal(reply.status, 200, reply.text);
  const { stdout, stderr } = await splitBuffer(reply.body);
  return stdout.toString() + stderr.toString();
};

onEveryEndpoint('logs', (endpoint) => {
  test('standard output and standard error, in frames, each when asked for', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'echo out; echo err >&2'] });
    await container.wait();
    const reply = await endpoint().api.get(container.at('/logs?stdout=1&stderr=1'));
    if (endpoint().minor >= 42) assert.equal(reply.headers['content-type'], 'application/vnd.docker.multiplexed-stream');
    const { stdout, stderr } = await splitBuffer(reply.body);
    assert.deepEqual([stdout.toString(), stderr.toString()], ['out\n', 'err\n']);
    assert.equal(await text(endpoint(), container, 'stdout=1'), 'out\n');
    assert.equal(await text(endpoint(), container, 'stderr=1'), 'err\n');
  });

  test('neither stream is 400', async () => {
    await using container = await endpoint().started({ Cmd: ['true'] });
    const reply = await endpoint().api.get(container.at('/logs'));
    assert.equal(reply.status, 400);
    assert.match(reply.message, /you must choose at least one stream/);
  });

  test('one that was never started has none', async () => {
    await using container = await endpoint().container({ Cmd: ['echo', 'x'] });
    assert.equal(await text(endpoint(), container, 'stdout=1&stderr=1'), '');
  });

  test('a line without an end, empty lines, long lines and bytes that are no text stay as they are', async () => {
    const script = 'printf "no end"; echo; echo; head -c 40000 /dev/zero | tr "\\0" x; echo; printf "\\377\\000\\001\\n"; printf last';
    await using container = await endpoint().started({ Cmd: ['sh', '-c', script] });
    await container.wait();
    const { stdout } = await splitBuffer((await endpoint().api.get(container.at('/logs?stdout=1'))).body);
    const head = Buffer.from(`no end\n\n${'x'.repeat(40_000)}\n`);
    assert.ok(stdout.subarray(0, head.length).equals(head));
    const tail = stdout.subarray(head.length);
    // Docker's json-file keeps text only: a byte that is no UTF-8 becomes U+FFFD there. We keep bytes.
    const odd = endpoint().kind === 'dockerd' ? Buffer.from('\ufffd\0\u0001\n') : Buffer.from([0xff, 0, 1, 0x0a]);
    assert.deepEqual(tail, Buffer.concat([odd, Buffer.from('last')]));
  });

  test('a terminal logs raw bytes without frames', async () => {
    await using container = await endpoint().started({ Tty: true, Cmd: ['sh', '-c', 'echo out; echo err >&2'] });
    await container.wait();
    const reply = await endpoint().api.get(container.at('/logs?stdout=1&stderr=1'));
    assert.equal(reply.text, 'out\r\nerr\r\n');
    if (endpoint().minor >= 42) assert.equal(reply.headers['content-type'], 'application/vnd.docker.raw-stream');
  });

  test('tail', async () => {
    await using container = await endpoint().started({ Cmd: ['seq', '1', '3000'] });
    await container.wait();
    assert.equal(await text(endpoint(), container, 'stdout=1&tail=3'), '2998\n2999\n3000\n');
    assert.equal(await text(endpoint(), container, 'stdout=1&tail=0'), '');
    assert.equal((await text(endpoint(), container, 'stdout=1&tail=all')).split('\n').length, 3001);
    assert.equal((await text(endpoint(), container, 'stdout=1&tail=5000')).split('\n').length, 3001);
    assert.equal((await text(endpoint(), container, 'stdout=1&tail=nonsense')).split('\n').length, 3001);
  });

  test('timestamps, since and until', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'echo one; sleep 1.2; echo two'] });
    await container.wait();
    const stamped = (await text(endpoint(), container, 'stdout=1&timestamps=1')).trimEnd().split('\n');
    assert.equal(stamped.length, 2);
    for (const line of stamped) assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (one|two)$/);
    const moments = stamped.map((line) => Date.parse(line.split(' ')[0] ?? '') / 1000);
    const middle = ((moments[0] ?? 0) + (moments[1] ?? 0)) / 2;
    assert.equal(await text(endpoint(), container, `stdout=1&since=${middle.toFixed(9)}`), 'two\n');
    assert.equal(await text(endpoint(), container, `stdout=1&until=${middle.toFixed(9)}`), 'one\n');
    assert.equal(await text(endpoint(), container, `stdout=1&since=${String(Math.ceil(middle) + 3600)}`), '');
    const bad = await endpoint().api.get(container.at('/logs?stdout=1&since=yesterday'));
    assert.ok(bad.status === 400 || (endpoint().minor < 42 && bad.status === 500), String(bad.status));
  });

  test('follow gives lines as they come and ends with the container', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'echo first; read a; echo "then $a"'], OpenStdin: true });
    const following = await endpoint().api.open('GET', container.at('/logs?stdout=1&stderr=1&follow=1'));
    assert.equal(following.status, 200);
    const connection = await endpoint().api.hijack(container.at('/attach?stream=1&stdin=1'));
    await sleep(300);
    connection.socket.write('more\n');
    const { stdout } = await within(20_000, 'the end of the log', splitFrames(following.body));
    assert.equal(stdout.toString(), 'first\nthen more\n');
    connection.socket.destroy();
  });

  test('follow with tail starts where it should', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'seq 1 100; read a; echo end'], OpenStdin: true });
    await sleep(300);
    const following = await endpoint().api.open('GET', container.at('/logs?stdout=1&follow=1&tail=2'));
    const connection = await endpoint().api.hijack(container.at('/attach?stream=1&stdin=1'));
    await sleep(200);
    connection.socket.write('x\n');
    assert.equal((await within(20_000, 'the end of the log', splitFrames(following.body))).stdout.toString(), '99\n100\nend\n');
    connection.socket.destroy();
  });

  test('a follower that goes away is forgotten, one that does not read holds nobody up', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'seq 1 300000; echo done'] });
    const gone = await endpoint().api.open('GET', container.at('/logs?stdout=1&follow=1'));
    gone.close();
    const asleep = await endpoint().api.open('GET', container.at('/logs?stdout=1&follow=1'));
    assert.equal(await container.wait(), 0);
    asleep.close();
    assert.ok((await text(endpoint(), container, 'stdout=1&tail=1')).startsWith('done'));
  });

  test('logs go on over a second start', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'echo run'] });
    await container.wait();
    await container.start();
    await container.wait();
    assert.equal(await text(endpoint(), container, 'stdout=1'), 'run\nrun\n');
  });
});
