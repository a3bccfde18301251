import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { splitBuffer, splitFrames } from '../fixtures/frames.ts';
import { waitUntil, within } from '../fixtures/wait-until.ts';
import { onEveryEndpoint } from './endpoint.ts';

const MUXED = 'application/vnd.docker.multiplexed-stream';
const RAW = 'application/vnd.docker.raw-stream';
/** 20 MB of numbered lines of about 100 bytes. */
const LARGE_LINES = 200_000;
const LINE_END = `${'x'.repeat(94)}\n`;

onEveryEndpoint('attach', (endpoint) => {
  for (const upgrade of [true, false]) {
    test(`output and standard input go through the connection, ${upgrade ? 'asking for' : 'without'} an upgrade`, async () => {
      const { api, minor } = endpoint();
      await using container = await endpoint().container({ Cmd: ['sh', '-c', 'read a; echo "out $a"; echo "err $a" >&2'], OpenStdin: true, StdinOnce: true });
      const connection = await api.hijack(container.at('/attach?stream=1&stdin=1&stdout=1&stderr=1'), { upgrade });
      assert.equal(connection.status, upgrade ? 101 : 200);
      // Before API 1.42, and without an upgrade, the type said nothing of the frames that are there all the same.
      assert.equal(connection.headers['content-type'], upgrade && minor >= 42 ? MUXED : RAW);
      if (upgrade) assert.deepEqual([connection.headers['connection']?.toLowerCase(), connection.headers['upgrade']], ['upgrade', 'tcp']);
      await container.start();
      connection.socket.write('hello\n');
      const { stdout, stderr } = await splitBuffer(await within(20_000, 'the output', connection.read()));
      assert.deepEqual([stdout.toString(), stderr.toString()], ['out hello\n', 'err hello\n']);
      connection.socket.destroy();
    });
  }

  test('a connection that has been used before is taken over too', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'while [ ! -e /tmp/go ]; do sleep 0.02; done; echo out; echo err >&2'] });
    const { api } = endpoint();
    const socket = connect({ path: api.socketPath });
    let seen = '';
    socket.on('data', (chunk: Buffer) => { seen += chunk.toString('latin1'); });
    socket.write('GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n');
    await waitUntil('the first reply', () => seen.endsWith('OK'));
    socket.write(`POST ${container.at('/attach?stream=1&stdout=1&stderr=1')} HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n`);
    await waitUntil('the second head', () => seen.includes(`Content-Type: ${RAW}`) || seen.includes(`content-type: ${RAW}`) || seen.includes(`content-type: ${MUXED}`));
    const closed = once(socket, 'close');
    await endpoint().docker.ok('exec', container.id, 'touch', '/tmp/go');
    await within(20_000, 'the end of the connection', closed);
    const bytes = Buffer.from(seen.slice(seen.lastIndexOf('\r\n\r\n') + 4), 'latin1');
    const { stdout, stderr } = await splitBuffer(bytes);
    assert.deepEqual([stdout.toString(), stderr.toString()], ['out\n', 'err\n']);
  });

  test('input that comes in the same packet as the request is not lost', async (context) => {
    const { api, kind } = endpoint();
    // dockerd throws away what its reader of the request has taken too much; clients cannot know, so we keep it.
    if (kind === 'dockerd') { context.skip('dockerd loses it'); return; }
    await using container = await endpoint().container({ Cmd: ['cat'], OpenStdin: true, StdinOnce: true });
    const connection = await api.hijack(container.at('/attach?stream=1&stdin=1&stdout=1'), { upgrade: true, early: 'early bytes\n' });
    await container.start();
    connection.socket.end();
    assert.equal((await splitBuffer(await within(20_000, 'the output', connection.read()))).stdout.toString(), 'early bytes\n');
  });

  test('closing our half is the end of standard input, and output goes on', async () => {
    await using container = await endpoint().container({ Cmd: ['sh', '-c', 'cat > /tmp/in; wc -c < /tmp/in; sleep 0.3; echo after'], OpenStdin: true, StdinOnce: true });
    const connection = await endpoint().api.hijack(container.at('/attach?stream=1&stdin=1&stdout=1&stderr=1'));
    await container.start();
    connection.socket.end(Buffer.alloc(100_000, 'x'));
    assert.equal((await splitBuffer(await within(20_000, 'the output', connection.read()))).stdout.toString(), '100000\nafter\n');
    assert.equal(await container.wait(), 0);
  });

  test('only the streams that were asked for come', async () => {
    await using container = await endpoint().container({ Cmd: ['sh', '-c', 'echo out; echo err >&2'] });
    const onlyErrors = await endpoint().api.hijack(container.at('/attach?stream=1&stderr=1'));
    const onlyOutput = await endpoint().api.hijack(container.at('/attach?stream=1&stdout=1'));
    await container.start();
    const [errors, output] = await Promise.all([onlyErrors.read(), onlyOutput.read()]);
    assert.deepEqual((await splitBuffer(errors)).stderr.toString(), 'err\n');
    assert.deepEqual((await splitBuffer(errors)).stdout.length, 0);
    assert.deepEqual((await splitBuffer(output)).stdout.toString(), 'out\n');
    for (const { socket } of [onlyErrors, onlyOutput]) socket.destroy();
  });

  test('a terminal is one raw stream with its line ends', async () => {
    await using container = await endpoint().container({ Tty: true, OpenStdin: true, Cmd: ['sh', '-c', 'tty; echo "to errors" >&2; read a; echo "got $a"'] });
    const connection = await endpoint().api.hijack(container.at('/attach?stream=1&stdin=1&stdout=1&stderr=1'));
    assert.equal(connection.headers['content-type'], RAW);
    await container.start();
    connection.socket.write('typed\r');
    const shown = (await within(20_000, 'the output', connection.read())).toString();
    assert.match(shown, /^\/dev\/(pts\/0|console)\r\n/m);
    assert.match(shown, /to errors\r\n/);
    assert.match(shown, /typed\r\n/, 'the terminal echoes');
    assert.match(shown, /got typed\r\n/);
    connection.socket.destroy();
  });

  test('logs=1 gives what was printed before, stream=1 what comes', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'echo before; read a; echo after'], OpenStdin: true });
    await waitUntil('the first line', async () => (await endpoint().api.get(container.at('/logs?stdout=1'))).text.includes('before'));
    const onlyLogs = await endpoint().api.hijack(container.at('/attach?logs=1&stdout=1&stderr=1'));
    assert.equal((await splitBuffer(await within(10_000, 'the end of logs without stream', onlyLogs.read()))).stdout.toString(), 'before\n');
    const both = await endpoint().api.hijack(container.at('/attach?logs=1&stream=1&stdin=1&stdout=1&stderr=1'));
    both.socket.write('x\n');
    assert.equal((await splitBuffer(await within(20_000, 'the output', both.read()))).stdout.toString(), 'before\nafter\n');
    for (const { socket } of [onlyLogs, both]) socket.destroy();
  });

  test('attach to one that has ended waits for its next start', async () => {
    await using container = await endpoint().started({ Cmd: ['echo', 'again'] });
    await container.wait();
    const connection = await endpoint().api.hijack(container.at('/attach?stream=1&stdout=1'));
    await container.start();
    assert.equal((await splitBuffer(await within(20_000, 'the output', connection.read()))).stdout.toString(), 'again\n');
    connection.socket.destroy();
  });

  test('several clients see the same', async () => {
    await using container = await endpoint().container({ Cmd: ['sh', '-c', 'seq 1 1000'] });
    const clients = await Promise.all([1, 2, 3].map(() => endpoint().api.hijack(container.at('/attach?stream=1&stdout=1'))));
    await container.start();
    const outputs = await Promise.all(clients.map(async (client) => (await splitBuffer(await within(20_000, 'the output', client.read()))).stdout.toString()));
    const expected = Array.from({ length: 1000 }, (_, index) => `${String(index + 1)}\n`).join('');
    for (const output of outputs) assert.equal(output, expected);
  });

  test('20 MB come through attach and stand in the log, byte for byte', async () => {
    const { api } = endpoint();
    const expected = Buffer.from(`${Array.from({ length: LARGE_LINES }, (_, index) => String(index + 1)).join(LINE_END)}\n`);
    const digest = createHash('sha256').update(expected).digest('hex');
    const bytes = expected.length;
    assert.ok(bytes > 20_000_000);
    await using container = await endpoint().container({ Cmd: ['seq', '-s', LINE_END, '1', String(LARGE_LINES)] });
    const connection = await api.hijack(container.at('/attach?stream=1&stdout=1'));
    await container.start();
    const attached = (await splitFrames(connection.socket)).stdout;
    assert.equal(attached.length, bytes);
    assert.equal(createHash('sha256').update(attached).digest('hex'), digest);
    connection.socket.destroy();
    const logs = (await splitBuffer((await api.get(container.at('/logs?stdout=1'), { timeoutMs: 60_000 })).body)).stdout;
    assert.equal(logs.length, bytes);
    assert.equal(createHash('sha256').update(logs).digest('hex'), digest);
  });

  test('a client that reads slowly loses nothing', async () => {
    await using container = await endpoint().container({ Cmd: ['seq', '1', '400000'] });
    const connection = await endpoint().api.hijack(container.at('/attach?stream=1&stdout=1'));
    await container.start();
    const slow = async function* slow(): AsyncGenerator<Uint8Array> {
      let pauses = 0;
      for await (const chunk of connection.socket) {
        if (pauses < 10) await sleep(50);
        pauses += 1;
        yield chunk as Uint8Array;
      }
    };
    const { stdout } = await splitFrames(slow());
    assert.equal(stdout.length, 2_688_895);
    assert.ok(stdout.toString('latin1', stdout.length - 14).endsWith('399999\n400000\n'));
    connection.socket.destroy();
  });

  test('a client that vanishes does not disturb the container', async () => {
    await using container = await endpoint().container({ Cmd: ['sh', '-c', 'i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo $i; done; exit 5'] });
    const connection = await endpoint().api.hijack(container.at('/attach?stream=1&stdout=1&stderr=1'));
    await container.start();
    await within(10_000, 'first bytes', new Promise((resolve) => { connection.socket.once('data', resolve); }));
    connection.socket.destroy();
    assert.equal(await container.wait(), 5);
    const { stdout } = await splitBuffer((await endpoint().api.get(container.at('/logs?stdout=1'))).body);
    assert.ok(stdout.toString().endsWith('1999\n2000\n'));
  });

  test('a client that vanishes ends a standard input that is for one client', async () => {
    await using once = await endpoint().started({ Cmd: ['sh', '-c', 'cat; exit 8'], OpenStdin: true, StdinOnce: true });
    const connection = await endpoint().api.hijack(once.at('/attach?stream=1&stdin=1&stdout=1'));
    connection.socket.write('x');
    await sleep(100);
    connection.socket.destroy();
    assert.equal(await once.wait(), 8);
  });

  test('a standard input that is kept open outlives its clients', async () => {
    await using open = await endpoint().started({ Cmd: ['sh', '-c', 'read a; read b; echo "$a $b"'], OpenStdin: true });
    const first = await endpoint().api.hijack(open.at('/attach?stream=1&stdin=1'));
    first.socket.write('one\n');
    await sleep(200);
    first.socket.destroy();
    const second = await endpoint().api.hijack(open.at('/attach?stream=1&stdin=1&stdout=1'));
    second.socket.write('two\n');
    assert.equal((await splitBuffer(await within(20_000, 'the output', second.read()))).stdout.toString(), 'one two\n');
    second.socket.destroy();
  });

  test('resize reaches the terminal; bad sizes are 400; one that does not run is 409', async () => {
    const { api } = endpoint();
    await using container = await endpoint().container({ Tty: true, OpenStdin: true, Cmd: ['sh', '-c', 'read a; stty size; read a; stty size'] });
    await container.start();
    const connection = await api.hijack(container.at('/attach?stream=1&stdin=1&stdout=1'));
    let shown = '';
    connection.socket.on('data', (chunk: Buffer) => { shown += chunk.toString('utf8'); });
    for (const [rows, columns] of [[33, 99], [50, 120]] as const) {
      assert.equal((await api.post(container.at(`/resize?h=${String(rows)}&w=${String(columns)}`))).status, 200);
      connection.socket.write('\r');
      await waitUntil('the new size', () => shown.includes(`${String(rows)} ${String(columns)}`));
    }
    await container.wait();
    connection.socket.destroy();
    for (const query of ['h=x&w=1', 'h=1', '']) assert.equal((await api.post(container.at(`/resize?${query}`))).status, 400, query);
    const ended = await api.post(container.at('/resize?h=10&w=10'));
    assert.equal(ended.status, 409);
    assert.match(ended.message, /is not running/);
  });

  for (const [keys, name] of [['', 'ctrl-p,ctrl-q'], ['ctrl-a,x', 'ctrl-a,x']] as const) {
    test(`${name} detaches and leaves the container running`, async () => {
      await using container = await endpoint().started({ Tty: true, OpenStdin: true, Cmd: ['cat'] });
      const connection = await endpoint().api.hijack(container.at(`/attach?stream=1&stdin=1&stdout=1&detachKeys=${keys}`));
      connection.socket.write('before\r');
      await sleep(100);
      connection.socket.write(keys === '' ? '\u0010\u0011' : '\u0001x');
      const shown = (await within(10_000, 'the end of the connection', connection.read())).toString();
      assert.match(shown, /before/);
      assert.equal((await container.inspect()).State.Running, true);
      connection.socket.destroy();
    });
  }

  test('bad detach keys and no stream at all are 400', async () => {
    await using container = await endpoint().started({ Tty: true, OpenStdin: true, Cmd: ['cat'] });
    const reply = await endpoint().api.hijack(container.at('/attach?stream=1&stdin=1&detachKeys=ctrl-nope'));
    assert.equal(reply.status, 400);
    assert.match((await reply.read()).toString(), /detach/i);
  });
});
