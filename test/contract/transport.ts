import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConflictError, UnavailableError } from '../../src/api/errors.ts';
import type { Transport, TransportResponse } from '../../src/api/transport.ts';
import { within } from '../fixtures/wait-until.ts';

/** A `Transport` under test, and the server that it reaches. */
export interface TransportUnderTest extends AsyncDisposable {
  transport: Transport;
  /** The one that the transport reaches; the suite puts its own listeners on it. */
  server: Server;
}

/** How an implementation is put under the suite. */
export interface TransportFactory {
  name: string;
  create(server: Server): Promise<TransportUnderTest>;
  /** A transport to a place where nobody listens. */
  toNowhere(): Promise<Transport>;
}

/** What every `Transport` promises. The server is a real HTTP server; only the way to it differs. */
export function transportContract(factory: TransportFactory): void {
  describe(`Transport: ${factory.name}`, { timeout: 60_000 }, () => {
    const serve = (listener: RequestListener): Promise<TransportUnderTest> => factory.create(createServer({ keepAliveTimeout: 60_000 }, listener));

    test('a reply of any status is a value, with its headers in lower case', async () => {
      await using peer = await serve((request, reply) => {
        reply.writeHead(418, { 'X-Answer': 'Yes', 'Content-Type': 'text/plain' });
        reply.end(`${request.method ?? ''} ${request.url ?? ''} ${String(request.headers['x-ask'] ?? '')}`);
      });
      const reply = await peer.transport.request({ method: 'PUT', path: '/a%20b?c=d', headers: { 'x-ask': 'why' } });
      assert.equal(reply.status, 418);
      assert.equal(reply.headers['x-answer'], 'Yes');
      assert.equal(await textOf(reply), 'PUT /a%20b?c=d why');
    });

    test('the head arrives before the body is there, and chunks arrive one by one', async () => {
      let next = (): void => undefined;
      await using peer = await serve((_, reply) => { reply.write('one'); next = () => { reply.end('two'); }; });
      const reply = await peer.transport.request({ method: 'GET', path: '/' });
      const iterator = reply.body[Symbol.asyncIterator]();
      assert.equal(Buffer.from((await iterator.next()).value as Uint8Array).toString(), 'one');
      next();
      assert.equal(Buffer.from((await iterator.next()).value as Uint8Array).toString(), 'two');
      assert.equal((await iterator.next()).done, true);
    });

    test('a body is sent whole or streamed', async () => {
      await using peer = await serve((request, reply) => { request.pipe(reply); });
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for (const piece of ['a', 'b', 'c']) { await sleep(2); yield Buffer.from(piece); }
      }
      for (const [body, echoed] of [['text', 'text'], [Buffer.from([1, 2]), '\u0001\u0002'], [pieces(), 'abc']] as const) {
        assert.equal(await textOf(await peer.transport.request({ method: 'POST', path: '/', body })), echoed);
      }
    });

    test('a server that does not read stops the source of the body', async () => {
      await using peer = await serve((_, __) => undefined);
      let produced = 0;
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (;;) { produced += 1; yield new Uint8Array(64 * 1024); await sleep(0); }
      }
      const abort = new AbortController();
      const running = peer.transport.request({ method: 'POST', path: '/', body: endless(), signal: abort.signal });
      running.catch(() => undefined);
      const stalled = await settled(() => produced);
      assert.ok(stalled > 0 && stalled < 400, `${stalled} chunks of 64 KiB were taken from the source`);
      abort.abort();
      await assert.rejects(running, { name: 'AbortError' });
    });

    test('a body that is not read stops the server', async () => {
      let written = 0;
      await using peer = await serve((_, reply) => {
        const more = (): void => { while (!reply.destroyed && reply.write(new Uint8Array(64 * 1024))) written += 1; };
        reply.on('drain', more);
        more();
      });
      const reply = await peer.transport.request({ method: 'GET', path: '/' });
      const stalled = await settled(() => written);
      assert.ok(stalled < 400, `${stalled} chunks of 64 KiB were taken from the server`);
      await reply.body[Symbol.asyncIterator]().return?.();
    });

    test('abandoning a body closes the connection, read or unread', async () => {
      let closed = Promise.withResolvers<undefined>();
      await using peer = await serve((_, reply) => { reply.write('x'); reply.on('close', () => { closed.resolve(undefined); }); });
      const unread = await peer.transport.request({ method: 'GET', path: '/' });
      await unread.body[Symbol.asyncIterator]().return?.();
      await within(5000, 'the server to see the end', closed.promise);
      closed = Promise.withResolvers<undefined>();
      for await (const _ of (await peer.transport.request({ method: 'GET', path: '/' })).body) break;
      await within(5000, 'the server to see the end', closed.promise);
    });

    test('an abort before, and after the head', async () => {
      let closed = Promise.withResolvers<undefined>();
      await using peer = await serve((request, reply) => { if (request.url === '/head') reply.write('x'); reply.on('close', () => { closed.resolve(undefined); }); });
      const early = new AbortController();
      setTimeout(() => { early.abort(); }, 20);
      await assert.rejects(peer.transport.request({ method: 'GET', path: '/never', signal: early.signal }), { name: 'AbortError' });
      await within(5000, 'the server to see the end', closed.promise);
      closed = Promise.withResolvers<undefined>();
      const late = new AbortController();
      const reply = await peer.transport.request({ method: 'GET', path: '/head', signal: late.signal });
      setTimeout(() => { late.abort(); }, 20);
      await assert.rejects(textOf(reply), { name: 'AbortError' });
      await within(5000, 'the server to see the end', closed.promise);
    });

    test('a connection that breaks in the middle of a body is an error of its reader', async () => {
      await using peer = await serve((_, reply) => { reply.write('half'); setTimeout(() => { reply.destroy(); }, 20); });
      await assert.rejects(textOf(await peer.transport.request({ method: 'GET', path: '/' })), UnavailableError);
    });

    test('nobody at the other end', async () => {
      const transport = await factory.toNowhere();
      await assert.rejects(transport.request({ method: 'GET', path: '/' }), UnavailableError);
      await assert.rejects(transport.upgrade({ method: 'POST', path: '/' }), UnavailableError);
    });

    test('an early answer to a long body arrives', async () => {
      await using peer = await serve((_, reply) => { reply.writeHead(400, { connection: 'close' }); reply.end('enough'); });
      async function* long(): AsyncGenerator<Uint8Array> {
        for (let index = 0; index < 64; index += 1) { yield new Uint8Array(64 * 1024); await sleep(1); }
      }
      const reply = await peer.transport.request({ method: 'POST', path: '/', body: long() });
      assert.equal(reply.status, 400);
    });

    test('an upgraded connection: headers, early bytes, both ways', async () => {
      await using peer = await serve(() => undefined);
      onUpgrade(peer.server, async (socket, request) => {
        assert.equal(request.headers.upgrade, 'tcp');
        socket.write('HTTP/1.1 101 UPGRADED\r\nContent-Type: application/x-test\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly');
        for await (const chunk of bytesFrom(socket)) socket.write(chunk);
        socket.end('bye');
      });
      const connection = await peer.transport.upgrade({ method: 'POST', path: '/', headers: { 'content-type': 'application/json' }, body: '{}' });
      assert.equal(connection.headers['content-type'], 'application/x-test');
      await connection.write(Buffer.from(' echo '));
      await connection.end();
      assert.equal(await bytesOf(connection.output), 'early echo bye');
      connection.close();
    });

    test('each direction of an upgraded connection ends by itself', async () => {
      await using peer = await serve(() => undefined);
      const seen = Promise.withResolvers<string>();
      onUpgrade(peer.server, async (socket) => {
        socket.end('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nserver is done');
        seen.resolve(await bytesOf(bytesFrom(socket)));
      });
      const connection = await peer.transport.upgrade({ method: 'POST', path: '/' });
      assert.equal(await bytesOf(connection.output), 'server is done');
      await connection.write(Buffer.from('still here'));
      await connection.end();
      assert.equal(await within(5000, 'the server to see the end', seen.promise), 'still here');
      connection.close();
      connection.close();
    });

    test('close drops an upgraded connection both ways', async () => {
      await using peer = await serve(() => undefined);
      const closed = Promise.withResolvers<undefined>();
      onUpgrade(peer.server, async (socket) => {
        for (const event of ['end', 'close']) socket.on(event, () => { closed.resolve(undefined); });
        socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
        socket.resume();
      });
      const connection = await peer.transport.upgrade({ method: 'POST', path: '/' });
      connection.close();
      await within(5000, 'the server to see the end', closed.promise);
      await assert.rejects(connection.write(Buffer.from('x')));
    });

    test('an upgraded connection has back-pressure both ways', async () => {
      await using peer = await serve(() => undefined);
      let written = 0;
      onUpgrade(peer.server, async (socket) => {
        socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
        const more = (): void => { while (!socket.destroyed && socket.write(new Uint8Array(64 * 1024))) written += 1; };
        socket.on('drain', more);
        more();
      });
      const connection = await peer.transport.upgrade({ method: 'POST', path: '/' });
      const output = connection.output[Symbol.asyncIterator]();
      await output.next();
      let taken = 0;
      const pushing = (async () => { for (;;) { await connection.write(new Uint8Array(64 * 1024)); taken += 1; } })();
      pushing.catch(() => undefined);
      const [out, in_] = [await settled(() => written), await settled(() => taken)];
      assert.ok(out < 400 && in_ < 400, `${out} chunks of 64 KiB out, ${in_} in`);
      connection.close();
      await assert.rejects(pushing);
    });

    test('a refused upgrade is the error that the reply names', async () => {
      await using peer = await serve((_, reply) => { reply.writeHead(409, { 'content-type': 'application/json' }); reply.end('{"message":"container x is not running"}'); });
      await assert.rejects(peer.transport.upgrade({ method: 'POST', path: '/' }), (error) => error instanceof ConflictError && error.message === 'container x is not running');
    });

    test('many requests at once do not wait for each other', async () => {
      const held: ServerResponse[] = [];
      await using peer = await serve((request, reply) => { if (request.url === '/hold') held.push(reply); else reply.end('quick'); });
      const holding = Array.from({ length: 20 }, () => peer.transport.request({ method: 'GET', path: '/hold' }));
      assert.equal(await within(5000, 'a quick answer', peer.transport.request({ method: 'GET', path: '/' }).then(textOf)), 'quick');
      await settled(() => held.length);
      for (const reply of held) reply.end('held');
      assert.deepEqual(new Set(await Promise.all((await Promise.all(holding)).map(textOf))), new Set(['held']));
    });
  });
}

function onUpgrade(server: Server, handle: (socket: Duplex, request: IncomingMessage) => Promise<void>): void {
  server.on('connection', (socket: Socket) => { socket.allowHalfOpen = true; });
  server.on('upgrade', (request, socket, head: Buffer) => {
    if (head.length > 0) socket.unshift(head);
    socket.on('error', () => undefined);
    handle(socket, request).catch(() => socket.destroy());
  });
}

function bytesFrom(socket: Duplex): AsyncIterable<Uint8Array> {
  return socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function textOf(reply: TransportResponse): Promise<string> {
  return bytesOf(reply.body);
}

/** The value once it has stopped moving. */
async function settled(value: () => number): Promise<number> {
  for (let last = -1; ; await sleep(150)) {
    const now = value();
    if (now === last) return now;
    last = now;
  }
}
