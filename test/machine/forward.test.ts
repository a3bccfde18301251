import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { UnavailableError } from '../../src/api/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import { untilEngineAnswers } from '../../src/machine/engine-ping.ts';
import { EngineForward } from '../../src/machine/ssh/engine-forward.ts';
import { generateSshKeyPair } from '../../src/machine/ssh/openssh-keys.ts';
import { SshConnection } from '../../src/machine/ssh/ssh-connection.ts';
import { createFakeEngine } from './doubles/fake-engine.ts';
import { startFakeGuest, type FakeGuest } from './doubles/fake-guest.ts';

interface Rig {
  /** The forwarded socket. */
  path: string;
  engine: Server;
  engineSocket: string;
  guest: FakeGuest;
  connection: SshConnection;
  seen: { loadedBytes: number; floodedBytes: number };
}

async function rig(t: TestContext): Promise<Rig> {
  const directory = await mkdtemp('/tmp/sf-');
  const [user, host] = [generateSshKeyPair('user'), generateSshKeyPair('host')];
  const engineSocket = join(directory, 'guest.sock');
  const seen = { loadedBytes: 0, floodedBytes: 0 };
  const engine = createFakeEngine(seen).listen(engineSocket);
  const guest = await startFakeGuest({ hostKey: host.privateKey, authorizedKey: user.publicKey, engineSocket });
  const connection = new SshConnection({
    reach: { kind: 'ssh', host: '127.0.0.1', port: guest.port, username: 'root', privateKey: user.privateKey, hostKey: host.publicKey, engineSocket: '/run/strata/engine.sock' },
    handshakeMs: 20_000, log: silentLogger,
  });
  const path = join(directory, 'engine.sock');
  const forward = await EngineForward.listen({ path, open: () => connection.openSocket('/run/strata/engine.sock'), log: silentLogger });
  t.after(async () => {
    await forward[Symbol.asyncDispose]();
    connection.close();
    guest.close();
    engine.close();
    engine.closeAllConnections();
    await rm(directory, { recursive: true, force: true });
  });
  await connection.connected();
  return { path, engine, engineSocket, guest, connection, seen };
}

const soon = (): AbortSignal => AbortSignal.timeout(40_000);

/** Sends a request by hand and returns the socket with its reply's head taken off. */
async function open(path: string, head: string): Promise<Socket> {
  const socket = connect({ path, allowHalfOpen: true });
  socket.on('error', () => undefined);
  socket.write(`${head}\r\nHost: engine\r\n\r\n`);
  return socket;
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

test('the socket is private and carries requests, one after another and many at once', async (t) => {
  const { path } = await rig(t);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await untilEngineAnswers(path, soon());
  await Promise.all(Array.from({ length: 100 }, () => untilEngineAnswers(path, soon())));
});

test('half-close: the engine answers after the client has said that it is done', async (t) => {
  const { path } = await rig(t);
  const socket = await open(path, 'POST /echo HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: tcp');
  socket.end('last words\n');
  const text = await readAll(socket);
  assert.match(text, /^HTTP\/1\.1 101 .*\r\n\r\nlast words\nend\n$/s);
});

test('back-pressure: a client that does not read holds the engine back, and nobody else', async (t) => {
  const { path, seen } = await rig(t);
  const slow = await open(path, 'GET /flood HTTP/1.1');
  slow.pause();
  t.after(() => { slow.destroy(); });
  let before = -1;
  // Still when two looks, well apart, see the same.
  while (seen.floodedBytes !== before) {
    before = seen.floodedBytes;
    await sleep(300, undefined, { signal: soon() });
  }
  assert.ok(before > 0 && before < 16 * 1024 * 1024, `${String(before)} bytes were taken for a client that reads none`);
  const startedAt = performance.now();
  await untilEngineAnswers(path, soon());
  assert.ok(performance.now() - startedAt < 8000);
  slow.resume();
  // It goes on when the client reads.
  const deadline = soon();
  while (seen.floodedBytes <= before) await sleep(20, undefined, { signal: deadline });
});

test('back-pressure the other way: a large upload arrives whole', async (t) => {
  const { path, seen } = await rig(t);
  const size = 24 * 1024 * 1024;
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const upload = request({ socketPath: path, method: 'POST', path: '/images/load', headers: { 'content-length': size } }, (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  upload.on('error', reject);
  const block = Buffer.alloc(1024 * 1024, 7);
  for (let sent = 0; sent < size; sent += block.length) {
    if (!upload.write(block)) await new Promise((done) => { upload.once('drain', done); });
  }
  upload.end();
  assert.equal(await promise, 200);
  assert.equal(seen.loadedBytes, size);
});

test('a client that goes away takes its stream with it', async (t) => {
  const { path, engine } = await rig(t);
  const socket = await open(path, 'GET /flood HTTP/1.1');
  await new Promise((done) => { socket.once('data', done); });
  socket.destroy();
  const deadline = soon();
  const count = (): Promise<number> => new Promise((resolve, reject) => { engine.getConnections((error, found) => { if (error === null) resolve(found); else reject(error); }); });
  while ((await count()) > 0) await sleep(20, undefined, { signal: deadline });
});

test('an engine that is down is told in its own protocol', async (t) => {
  const { path, engine } = await rig(t);
  engine.close();
  engine.closeAllConnections();
  await sleep(20);
  const socket = await open(path, 'GET /_ping HTTP/1.1');
  assert.match(await readAll(socket), /^HTTP\/1\.1 503 .*\{"message":"the engine does not answer: /s);
});

test('a lost connection is made again; new clients wait for it', async (t) => {
  const { path, guest } = await rig(t);
  assert.equal(guest.accepted(), 1);
  guest.cut();
  await sleep(20);
  await untilEngineAnswers(path, soon());
  assert.ok(guest.accepted() >= 2);
});

test('a server with another key is not talked to', async (t) => {
  const { guest } = await rig(t);
  const [user, imposter] = [generateSshKeyPair('user'), generateSshKeyPair('imposter')];
  const connection = new SshConnection({
    reach: { kind: 'ssh', host: '127.0.0.1', port: guest.port, username: 'root', privateKey: user.privateKey, hostKey: imposter.publicKey, engineSocket: '/x' },
    handshakeMs: 2000, log: silentLogger,
  });
  const connected = connection.connected();
  await sleep(600);
  assert.equal(guest.accepted(), 1);
  connection.close();
  await assert.rejects(connected, UnavailableError);
});
