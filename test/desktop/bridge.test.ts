import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WINDOW_BYTES, type BridgeEvent, type BridgeRequest, type DesktopBridge } from '../../src/api/desktop.ts';
import { missing } from '../fixtures/requirements.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { RUNNING } from './agent-double.ts';
import { DESKTOP_FILES, DesktopApp } from './desktop-app.ts';

const GET = { peer: 'engine', method: 'GET', headers: {}, upgrade: false, body: 'none' } as const;
const request = (id: string, fields: Partial<BridgeRequest> & { path: string }): BridgeRequest => ({ id, ...GET, ...fields });

/** Gathers what arrives, and credits it unless told not to. */
function gather(bridge: DesktopBridge, credit = true): { events: BridgeEvent[]; text: (id: string) => string; bytes: (id: string) => number; ended: (id: string) => boolean } {
  const events: BridgeEvent[] = [];
  bridge.onEvent((event) => {
    events.push(event);
    if (credit && event.type === 'chunk') bridge.credit(event.id, event.data.length);
  });
  const chunks = (id: string): Uint8Array[] => events.flatMap((event) => (event.id === id && event.type === 'chunk' ? [event.data] : []));
  return {
    events,
    text: (id) => Buffer.concat(chunks(id)).toString(),
    bytes: (id) => chunks(id).reduce((sum, chunk) => sum + chunk.length, 0),
    ended: (id) => events.some((event) => event.id === id && event.type !== 'chunk'),
  };
}

describe('desktop bridge', { skip: missing({ files: DESKTOP_FILES }) }, () => {
  test('carries a request, its body and its reply', async () => {
    await using app = await DesktopApp.start({
      engine: (incoming, response) => {
        incoming.setEncoding('utf8');
        let body = '';
        incoming.on('data', (chunk: string) => { body += chunk; });
        incoming.on('end', () => { response.writeHead(201, { 'x-seen': `${incoming.method ?? ''} ${incoming.url ?? ''}` }).end(`got ${body}`); });
      },
    });
    const bridge = app.bridge();
    const seen = gather(bridge);
    const whole = await bridge.open(request('whole', { method: 'POST', path: '/containers/create?name=a', headers: { 'content-type': 'application/json' }, body: new TextEncoder().encode('{}') }));
    assert.equal(whole.ok && whole.status, 201);
    assert.equal(whole.ok && whole.headers['x-seen'], 'POST /containers/create?name=a');
    const streamed = bridge.open(request('streamed', { method: 'POST', path: '/images/load', body: 'stream' }));
    await bridge.write('streamed', new TextEncoder().encode('one '));
    await bridge.write('streamed', new TextEncoder().encode('two'));
    await bridge.write('streamed', null);
    assert.equal((await streamed).ok, true);
    await waitUntil('both replies', () => seen.ended('whole') && seen.ended('streamed'));
    assert.equal(seen.text('whole'), 'got {}');
    assert.equal(seen.text('streamed'), 'got one two');
  });

  test('sends no more than the window has credited', async () => {
    const TOTAL = 4 * 1024 * 1024;
    await using app = await DesktopApp.start({ engine: (_incoming, response) => { response.end(Buffer.alloc(TOTAL, 120)); } });
    const bridge = app.bridge();
    const seen = gather(bridge, false);
    await bridge.open(request('slow', { path: '/logs' }));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const first = seen.bytes('slow');
    assert.ok(first >= WINDOW_BYTES && first <= WINDOW_BYTES + 64 * 1024, `${String(first)} bytes under way`);
    let credited = 0;
    await waitUntil('the rest', () => {
      const now = seen.bytes('slow');
      bridge.credit('slow', now - credited);
      credited = now;
      return seen.ended('slow');
    });
    assert.equal(seen.bytes('slow'), TOTAL);
  });

  test('upgrades, keeps half-close, and closes', async () => {
    await using app = await DesktopApp.start({
      engine: (_incoming, response) => { response.writeHead(404).end('{"message":"no such exec"}'); },
      engineUpgrade: (_incoming, socket) => {
        socket.write('HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
        let input = '';
        socket.on('data', (chunk: Buffer) => { input += chunk.toString(); });
        socket.on('end', () => { socket.end(`heard ${input}`); });
      },
    });
    const bridge = app.bridge();
    const seen = gather(bridge);
    const reply = await bridge.open(request('tty', { method: 'POST', path: '/exec/1/start', upgrade: true }));
    assert.equal(reply.ok && reply.status, 101);
    await bridge.write('tty', new TextEncoder().encode('ls'));
    await bridge.write('tty', null);
    await waitUntil('the answer after our end', () => seen.ended('tty'));
    assert.equal(seen.text('tty'), 'heard ls');
  });

  test('hears only the top frame of our own page', async () => {
    let calls = 0;
    await using app = await DesktopApp.start({ engine: (_incoming, response) => { calls += 1; response.end(); } });
    const { window } = app.electron;
    const frames = [{ origin: 'app://strata', url: 'app://strata/inner' }, { origin: 'https://example.com', url: 'https://example.com/' }, null];
    for (const [index, frame] of frames.entries()) {
      const bridge = app.electron.preload(window, () => frame);
      const reply = await bridge.open(request(`foreign-${String(index)}`, { path: '/_ping' }));
      assert.equal(!reply.ok && reply.status, 403);
      await assert.rejects(bridge.write('any', new Uint8Array(1)));
    }
    window.webContents.mainFrame = { origin: 'https://example.com', url: 'https://example.com/' };
    assert.equal((await app.bridge().open(request('moved', { path: '/_ping' }))).ok, false);
    assert.equal(calls, 0);
  });

  test('refuses what is not a request', async () => {
    let calls = 0;
    await using app = await DesktopApp.start({ engine: (_incoming, response) => { calls += 1; response.end(); } });
    const bridge = app.bridge();
    const bad: unknown[] = [
      null, 'text', {}, { ...request('a', { path: '/x' }), peer: 'shell' }, { ...request('a', { path: '/x' }), method: 'CONNECT' }, { ...request('../a', { path: '/x' }) },
      request('a', { path: 'http://example.com/' }), request('a', { path: '/x y' }), request('a', { path: '/x\r\nhost: y' }), request('a', { path: '/x', headers: { host: 'evil' } }),
      request('a', { path: '/x', headers: { 'x-a': 'b\r\nc: d' } }), request('a', { path: '/x', headers: { 'transfer-encoding': 'chunked' } }), { ...request('a', { path: '/x' }), body: { length: 3 } },
    ];
    for (const value of bad) {
      const reply = await bridge.open(value as BridgeRequest);
      assert.equal(!reply.ok && reply.status, 400, JSON.stringify(value));
    }
    bridge.credit('a', -1);
    bridge.credit('nothing', 5);
    bridge.close('nothing');
    assert.equal(calls, 0);
  });

  test('an engine that is not there is 503, one that goes is an error', async () => {
    await using none = await DesktopApp.start();
    const reply = await none.bridge().open(request('a', { path: '/_ping' }));
    assert.equal(!reply.ok && reply.status, 503);
    await using app = await DesktopApp.start({ engine: (incoming, response) => { response.write('half'); setTimeout(() => incoming.socket.destroy(), 50); } });
    const bridge = app.bridge();
    const seen = gather(bridge);
    await bridge.open(request('b', { path: '/events' }));
    await waitUntil('the end', () => seen.ended('b'));
    assert.equal(seen.events.at(-1)?.type, 'error');
  });

  test('a page that goes takes its connections with it', async () => {
    let closed = 0;
    await using app = await DesktopApp.start({ engine: (incoming, response) => { response.write('x'); incoming.socket.on('close', () => { closed += 1; }); } });
    const bridge = app.bridge();
    gather(bridge);
    await bridge.open(request('a', { path: '/events' }));
    await bridge.open(request('b', { path: '/events' }));
    bridge.close('a');
    await waitUntil('the first to close', () => closed === 1);
    app.electron.window.webContents.emit('did-start-navigation', { isMainFrame: true, isSameDocument: false });
    await waitUntil('the other to close', () => closed === 2);
  });

  test('the machine answers through its agent, and start and status without one', async () => {
    await using app = await DesktopApp.start();
    const bridge = app.bridge();
    const seen = gather(bridge);
    await waitUntil('the status', () => app.electron.tray.item('status')?.label?.includes('running') === true);
    await bridge.open(request('watch', { peer: 'machine', path: '/v1/status?watch=1' }));
    await waitUntil('the first line', () => seen.text('watch').includes('\n'));
    assert.deepEqual(JSON.parse(seen.text('watch').split('\n')[0] ?? ''), RUNNING);
    app.agent.set({ ...RUNNING, state: 'stopping' });
    await waitUntil('the change', () => seen.text('watch').includes('"stopping"'));
    const text = await bridge.open(request('console', { peer: 'machine', path: '/v1/console?tail=5' }));
    assert.equal(text.ok && text.status, 200);
    const other = await bridge.open(request('other', { peer: 'machine', path: '/v1/secrets' }));
    assert.equal(other.ok && other.status, 404);
    await app.agent[Symbol.asyncDispose]();
    await waitUntil('the status without an agent', () => seen.text('watch').trim().split('\n').at(-1)?.includes('"stopped"') === true);
  });
});
