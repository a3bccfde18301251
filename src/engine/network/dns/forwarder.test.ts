import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { AnswerCache } from './answer-cache.ts';
import { Forwarder } from './forwarder.ts';
import { type Query, RCODE, readAnswer, readQuery, TYPE, writeAnswer, writeName } from './message.ts';
import type { Upstream } from './name-table.ts';
import { FrameReader, frame } from './tcp-frames.ts';

const cleanup = new AsyncDisposableStack();
after(() => cleanup.disposeAsync());

const message = (name: string, id = 7): Buffer => Buffer.concat([Buffer.from([0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), writeName(name) ?? Buffer.alloc(0), Buffer.from([0, 1, 0, 1])]);

function read(bytes: Buffer): Query {
  const result = readQuery(bytes);
  assert.ok(typeof result === 'object' && 'query' in result);
  return result.query;
}

/** A server on loopback that answers as told. */
async function server(respond: (query: Query, bytes: Buffer) => Buffer | undefined): Promise<{ upstream: Upstream; asked: string[] }> {
  const socket: UdpSocket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (bytes, { port, address }) => {
    const query = read(bytes);
    asked.push(query.name ?? '');
    const answer = respond(query, bytes);
    if (answer) socket.send(answer, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  cleanup.defer(() => { socket.close(); });
  return { upstream: { address: '127.0.0.1', port: socket.address().port, from: 'host' }, asked };
}

const saying = (address: number, ttl = 60) => (query: Query): Buffer => writeAnswer(query, RCODE.ok, [{ type: TYPE.a, ttl, data: Buffer.from([192, 0, 2, address]) }], 512);
const ask = async (forwarder: Forwarder, name: string, id = 7): Promise<{ rcode: number; last: number | undefined; ttl: number | undefined }> => {
  const bytes = message(name, id);
  const query = read(bytes);
  const answer = await forwarder.ask(query, bytes, 'udp');
  const facts = readAnswer(answer, query);
  assert.ok(facts, 'an answer to this question');
  return { rcode: facts.rcode, last: facts.ttlsAt.length > 0 ? answer.at(-1) : undefined, ttl: facts.ttlsAt[0] === undefined ? undefined : answer.readUInt32BE(facts.ttlsAt[0]) };
};

test('an answer is kept and given to others as theirs; equal questions at once are asked once', async () => {
  const { upstream, asked } = await server(saying(1));
  const forwarder = new Forwarder('/nowhere', [upstream]);
  const answers = await Promise.all([ask(forwarder, 'a.example', 1), ask(forwarder, 'A.Example', 2), ask(forwarder, 'b.example', 3)]);
  assert.deepEqual(answers.map(({ last }) => last), [1, 1, 1]);
  await ask(forwarder, 'a.EXAMPLE', 4);
  assert.deepEqual(asked.sort(), ['a.example', 'b.example']);
  forwarder.use([upstream]);
  await ask(forwarder, 'a.example');
  assert.equal(asked.length, 3, 'other servers, other answers');
});

test('a failing server makes way for the next, one where nobody listens too; all failing, the last word counts', async () => {
  const failing = await server((query) => writeAnswer(query, RCODE.refused, [], 512));
  const wrong = await server((query, bytes) => { const other = Buffer.from(saying(3)(query)); other.writeUInt16BE(bytes.readUInt16BE(0) ^ 1, 0); return other; });
  const good = await server(saying(2));
  const nobody: Upstream = { address: '127.0.0.1', port: 1, from: 'host' };
  assert.equal((await ask(new Forwarder('/nowhere', [nobody, failing.upstream, good.upstream]), 'a.example')).last, 2);
  assert.equal((await ask(new Forwarder('/nowhere', [wrong.upstream, good.upstream]), 'a.example')).last, 2, 'an answer to something else is none');
  assert.equal((await ask(new Forwarder('/nowhere', [failing.upstream, nobody]), 'a.example')).rcode, RCODE.refused);
  assert.equal(failing.asked.length, 2, 'not asked again');
  assert.equal((await ask(new Forwarder('/nowhere', [nobody]), 'a.example')).rcode, RCODE.serverFailure);
  assert.equal((await ask(new Forwarder('/nowhere', []), 'a.example')).rcode, RCODE.serverFailure);
});

test('a silent server is not waited for alone; closing ends the waiting', async () => {
  const silent = await server(() => undefined);
  const good = await server(saying(2));
  assert.equal((await ask(new Forwarder('/nowhere', [silent.upstream, good.upstream]), 'a.example')).last, 2);
  const forwarder = new Forwarder('/nowhere', [silent.upstream]);
  const waiting = ask(forwarder, 'a.example');
  forwarder.close();
  assert.equal((await waiting).rcode, RCODE.serverFailure);
});

test('over TCP, in pieces', async () => {
  const tcp = createServer((socket) => {
    const frames = new FrameReader((bytes) => {
      const answer = frame(saying(9)(read(bytes)));
      socket.write(answer.subarray(0, 1));
      setImmediate(() => socket.end(answer.subarray(1)));
    });
    socket.on('data', (chunk) => { if (typeof chunk !== 'string') frames.write(chunk); });
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  cleanup.defer(() => { tcp.close(); });
  const { port } = tcp.address() as AddressInfo;
  const bytes = message('a.example');
  const ask = (servers: readonly Upstream[]): Promise<Buffer> => new Forwarder('/nowhere', servers).ask(read(bytes), bytes, 'tcp');
  assert.equal((await ask([{ address: '127.0.0.1', port, from: 'host' }])).at(-1), 9);
  assert.equal((await ask([{ address: '127.0.0.1', port: 1, from: 'host' }, { address: '127.0.0.1', port, from: 'host' }])).at(-1), 9, 'nobody listens at the first');
});

test('messages of a stream, however it is cut', () => {
  const all = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.alloc(0)), frame(Buffer.from('three')), Buffer.from([0, 9, 1])]);
  for (let size = 1; size <= all.length; size += 1) {
    const got: string[] = [];
    const reader = new FrameReader((bytes) => got.push(bytes.toString()));
    for (let at = 0; at < all.length; at += size) reader.write(all.subarray(at, at + size));
    assert.deepEqual(got, ['one', '', 'three'], String(size));
  }
});

test('nothing is kept longer than it may be', () => {
  let now = 0;
  const cache = new AnswerCache(() => now);
  const query = read(message('a.example'));
  const put = (key: string, ttl: number): void => {
    const bytes = saying(1, ttl)(query);
    const answer = readAnswer(bytes, query);
    assert.ok(answer);
    cache.put(key, { bytes, answer });
  };
  const ttl = (key: string): number | undefined => cache.get(key)?.readUInt32BE(cache.get(key)?.length === undefined ? 0 : (cache.get(key)?.length ?? 0) - 10);
  put('short', 10);
  put('long', 100_000);
  put('never', 0);
  assert.deepEqual([ttl('short'), ttl('long'), ttl('never')], [10, 100_000, undefined]);
  now = 9_500;
  assert.deepEqual([ttl('short'), ttl('long')], [1, 99_991]);
  now = 10_000;
  assert.equal(ttl('short'), undefined);
  now = 60_000;
  assert.equal(ttl('long'), undefined, 'a minute at most');
  for (let index = 0; index < 600; index += 1) put(String(index), 60);
  assert.deepEqual([ttl('99'), ttl('100'), ttl('599')], [undefined, 60, 60]);
});
