import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { mkdir, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { BRIDGE_SUBPROTOCOL, BRIDGE_WINDOW_BYTES, type ServerMessage } from '../../src/api/bridge.ts';
import { GuiServer } from '../../src/cli/gui/gui-server.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { waitUntil } from '../fixtures/wait-until.ts';

/** The server of `strata gui` in front of an engine that only echoes. */
describe('strata gui', { timeout: 60_000 }, () => {
  const open = new AsyncDisposableStack();
  let gui: GuiServer;
  let origin = '';
  let cookie = '';

  before(async () => {
    const scratch = open.use(await Scratch.create('gui'));
    await mkdir(scratch.file('files/assets'), { recursive: true });
    await writeFile(scratch.file('files/index.html'), '<!doctype html><title>Strata</title>');
    await writeFile(scratch.file('secret.txt'), 'secret');
    const engine = echoEngine();
    engine.listen(scratch.file('engine.sock'));
    await once(engine, 'listening');
    open.defer(() => { engine.closeAllConnections(); engine.close(); });
    gui = open.use(await GuiServer.start({ port: 0, files: scratch.file('files'), engine: { kind: 'unix', path: scratch.file('engine.sock') } }));
    origin = new URL(gui.url).origin;
  });
  after(() => open.disposeAsync());

  test('the token works once and gives a cookie that scripts cannot read', async () => {
    assert.equal((await fetch(`${origin}/`)).status, 403);
    assert.equal((await fetch(`${origin}/?token=wrong`)).status, 403);
    const entered = await fetch(gui.url, { redirect: 'manual' });
    assert.equal(entered.status, 303);
    assert.match(entered.headers.get('set-cookie') ?? '', /; HttpOnly; SameSite=Strict; Path=\//);
    cookie = (entered.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    assert.equal((await fetch(gui.url, { redirect: 'manual' })).status, 403);
    const page = await fetch(`${origin}/containers`, { headers: { cookie } });
    assert.equal(await page.text(), '<!doctype html><title>Strata</title>');
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'; script-src 'self'/);
  });

  test('other hosts, origins and sites are refused, and files outside are not there', async () => {
    for (const headers of [{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { cookie: 'strata=1' }]) {
      assert.equal((await fetch(`${origin}/engine/x`, { headers: { cookie, ...headers } as Record<string, string> })).status, 403, JSON.stringify(headers));
    }
    for (const path of ['/..%2fsecret.txt', '/%2e%2e/secret.txt', '/nothing.js']) assert.equal((await fetch(origin + path, { headers: { cookie } })).status, 404, path);
    assert.equal((await fetch(`${origin}/machine/v1/status`, { headers: { cookie } })).status, 404);
  });

  test('requests reach the engine with their bodies, without the cookie', async () => {
    const reply = await fetch(`${origin}/engine/a%20b?c=d`, { method: 'POST', body: 'body', headers: { cookie, 'content-type': 'application/json' } });
    assert.equal(reply.status, 418);
    assert.deepEqual(await reply.json(), { method: 'POST', url: '/a%20b?c=d', body: 'body', type: 'application/json', cookie: null });
  });

  test('a socket carries an upgraded connection: both ways, half-close, credit', async () => {
    const page = new Page(origin, cookie);
    await page.open('/attach');
    page.socket.send(Buffer.from('hello '));
    page.socket.send(JSON.stringify({ type: 'end' }));
    await once(page.socket, 'close');
    assert.equal(page.bytes.toString(), 'hello and goodbye');
    assert.deepEqual(page.messages.filter(({ type }) => type !== 'credit').map(({ type }) => type), ['opened', 'end']);
  });

  test('a page that does not credit stops the engine; one that sends too much is dropped', async () => {
    const slow = new Page(origin, cookie, false);
    await slow.open('/flood');
    await waitUntil('the window to fill', () => slow.bytes.length === BRIDGE_WINDOW_BYTES);
    await new Promise((resolve) => { setTimeout(resolve, 200); });
    assert.equal(slow.bytes.length, BRIDGE_WINDOW_BYTES);
    slow.socket.send(JSON.stringify({ type: 'credit', bytes: 1000 }));
    await waitUntil('what was credited', () => slow.bytes.length === BRIDGE_WINDOW_BYTES + 1000);
    slow.socket.close();
    const greedy = new Page(origin, cookie);
    await greedy.open('/hold');
    greedy.socket.send(new Uint8Array(BRIDGE_WINDOW_BYTES + 1));
    const [code] = await once(greedy.socket, 'close') as [number];
    assert.equal(code, 1011);
  });

  test('a refusal of the engine is told; a socket without our origin is refused', async () => {
    const page = new Page(origin, cookie);
    await once(page.socket, 'open');
    page.socket.send(JSON.stringify({ type: 'open', method: 'POST', path: '/refused' }));
    await once(page.socket, 'close');
    assert.deepEqual(page.messages, [{ type: 'error', status: 409, message: 'not running' }]);
    const foreign = new WebSocket(`${origin.replace('http', 'ws')}/engine-ws`, BRIDGE_SUBPROTOCOL, { headers: { cookie }, origin: 'http://evil.example' });
    const [error] = await once(foreign, 'error') as [Error];
    assert.match(error.message, /403/);
  });
});

/** The browser's half of the bridge. */
class Page {
  readonly socket: WebSocket;
  readonly messages: ServerMessage[] = [];
  bytes: Buffer = Buffer.alloc(0);

  constructor(origin: string, cookie: string, credits = true) {
    this.socket = new WebSocket(`${origin.replace('http', 'ws')}/engine-ws`, BRIDGE_SUBPROTOCOL, { headers: { cookie }, origin });
    this.socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary) {
        this.messages.push(JSON.parse(data.toString('utf8')) as ServerMessage);
        return;
      }
      this.bytes = Buffer.concat([this.bytes, data]);
      if (credits) this.socket.send(JSON.stringify({ type: 'credit', bytes: data.length }));
    });
  }

  async open(path: string): Promise<void> {
    await once(this.socket, 'open');
    this.socket.send(JSON.stringify({ type: 'open', method: 'POST', path }));
    await waitUntil('the connection', () => this.messages.some(({ type }) => type === 'opened'));
  }
}

function echoEngine(): Server {
  const server = createServer((request, reply) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => { body += text; }).on('end', () => {
      if (request.url === '/refused') reply.writeHead(409, { 'content-type': 'application/json' }).end('{"message":"not running"}');
      else reply.writeHead(418, { 'content-type': 'application/json' }).end(JSON.stringify({ method: request.method, url: request.url, body, type: request.headers['content-type'], cookie: request.headers.cookie ?? null }));
    });
  });
  server.on('connection', (socket) => { socket.allowHalfOpen = true; });
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => undefined);
    if (request.url === '/refused') {
      socket.end('HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nContent-Length: 25\r\nConnection: close\r\n\r\n{"message":"not running"}');
      return;
    }
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    if (request.url === '/flood') {
      const more = (): void => { while (!socket.destroyed && socket.write(new Uint8Array(65_536))); };
      socket.on('drain', more);
      more();
    } else if (request.url === '/attach') {
      socket.on('data', (chunk: Buffer) => { socket.write(chunk); });
      socket.on('end', () => { socket.end('and goodbye'); });
    }
  });
  return server;
}
