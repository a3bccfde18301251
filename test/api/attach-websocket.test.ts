import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { waitUntil, within } from '../fixtures/wait-until.ts';
import { onEveryEndpoint, type Endpoint } from './endpoint.ts';

interface Client {
  socket: WebSocket;
  text(): string;
  /** What its messages were: `binary` or `text`. */
  types: ReadonlySet<string>;
  closed: Promise<number>;
}

const open = async ({ api }: Endpoint, path: string): Promise<Client> => {
  const socket = new WebSocket(`ws+unix://${api.socketPath}:${path}`);
  const chunks: Buffer[] = [];
  const types = new Set<string>();
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    chunks.push(data);
    types.add(isBinary ? 'binary' : 'text');
  });
  const closed = once(socket, 'close').then(([code]) => Number(code));
  await within(20_000, 'the handshake', once(socket, 'open'));
  return { socket, types, closed, text: () => Buffer.concat(chunks).toString() };
};

const ALL = 'stream=1&stdin=1&stdout=1&stderr=1';

onEveryEndpoint('attach by WebSocket', (endpoint) => {
  test('output comes in binary messages without frames, input goes in, the end is a close', async () => {
    await using container = await endpoint().container({ Cmd: ['sh', '-c', 'read a; echo "out $a"; echo "err $a" >&2'], OpenStdin: true, StdinOnce: true });
    const client = await open(endpoint(), container.at(`/attach/ws?${ALL}`));
    await container.start();
    client.socket.send('hel');
    client.socket.send(Buffer.from('lo\n'));
    assert.ok([1000, 1005].includes(await within(20_000, 'the close', client.closed)));
    assert.deepEqual(client.text().split('\n').sort(), ['', 'err hello', 'out hello']);
    assert.deepEqual([...client.types], ['binary']);
    assert.equal(await container.wait(), 0);
  });

  test('API 1.27 gets text messages', async (context) => {
    if (endpoint().kind === 'other') { context.skip('may not speak 1.27'); return; }
    await using container = await endpoint().container({ Cmd: ['echo', 'hello'] });
    const client = await open(endpoint(), `/v1.27${container.at(`/attach/ws?${ALL}`)}`);
    await container.start();
    await within(20_000, 'the close', client.closed);
    assert.deepEqual([client.text(), [...client.types]], ['hello\n', ['text']]);
  });

  test('a terminal: raw both ways, and its keys detach', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'read a; echo "got $a"; sleep 60'], Tty: true, OpenStdin: true });
    const client = await open(endpoint(), container.at(`/attach/ws?${ALL}&detachKeys=ctrl-x,q`));
    client.socket.send('line\n');
    await waitUntil('the answer', () => client.text().includes('got line\r\n'));
    client.socket.send(Buffer.from([24, 0x71]));
    await within(20_000, 'the close', client.closed);
    assert.equal((await container.inspect()).State.Running, true);
  });

  test('what was said before comes with logs, and logs alone close', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'echo before; read a; echo "after $a"'], OpenStdin: true });
    await waitUntil('the log', async () => (await endpoint().api.get(container.at('/logs?stdout=1'))).text.includes('before'));
    const client = await open(endpoint(), container.at(`/attach/ws?logs=1&${ALL}`));
    await waitUntil('the log in the stream', () => client.text() === 'before\n');
    client.socket.send('x\n');
    await within(20_000, 'the close', client.closed);
    assert.equal(client.text(), 'before\nafter x\n');
    const past = await open(endpoint(), container.at('/attach/ws?logs=1&stdin=1&stdout=1&stderr=1'));
    await within(20_000, 'the close', past.closed);
    assert.equal(past.text(), 'before\nafter x\n');
  });

  test('a client that closes is the end of standard input', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'cat > /tmp/in; wc -c < /tmp/in'], OpenStdin: true, StdinOnce: true });
    const client = await open(endpoint(), container.at(`/attach/ws?${ALL}`));
    client.socket.send(Buffer.alloc(50_000, 'x'));
    client.socket.close(1000);
    assert.equal(await container.wait(), 0);
    assert.match((await endpoint().api.get(container.at('/logs?stdout=1'))).text, /50000\n$/);
  });

  test('megabytes arrive whole and in order', async () => {
    await using container = await endpoint().container({ Cmd: ['sh', '-c', 'seq 1 300000'] });
    const client = await open(endpoint(), container.at(`/attach/ws?${ALL}`));
    await container.start();
    await within(30_000, 'the close', client.closed);
    const lines = client.text().split('\n');
    assert.equal(lines.length, 300_001);
    assert.ok(lines.slice(0, -1).every((line, index) => line === String(index + 1)));
  });

  test('refusals: unknown container, no handshake, bad keys', async () => {
    const { api } = endpoint();
    assert.equal((await api.get(`/containers/nobody/attach/ws?${ALL}`)).status, 404);
    await using container = await endpoint().started({ Cmd: ['sleep', '60'] });
    assert.match(await api.raw(`GET ${container.at(`/attach/ws?${ALL}&detachKeys=nonsense`)} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n`), /^HTTP\/1\.1 400 /);
    assert.match(await api.raw(`GET ${container.at(`/attach/ws?${ALL}`)} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n`), /^HTTP\/1\.1 400 /);
    const missingKey = `GET ${container.at(`/attach/ws?${ALL}`)} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n`;
    assert.match(await api.raw(missingKey), /^HTTP\/1\.1 400 /);
  });

  test('only the streams that were asked for come', async (context) => {
    // Until API 1.42 it is always all of them.
    if (endpoint().minor < 42) { context.skip('since API 1.42'); return; }
    await using container = await endpoint().container({ Cmd: ['sh', '-c', 'echo out; echo err >&2'] });
    const client = await open(endpoint(), container.at('/attach/ws?stream=1&stderr=1'));
    await container.start();
    await within(20_000, 'the close', client.closed);
    assert.equal(client.text(), 'err\n');
  });
});
