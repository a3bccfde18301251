import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Engine, ENGINE_TOOLS, engineMissing } from '../fixtures/engine.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { missing } from '../fixtures/requirements.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { assertBadRequest, onEveryEndpoint } from './endpoint.ts';

const statusOf = (reply: string): number => Number(/^HTTP\/1\.[01] (\d+)/.exec(reply)?.[1]);

onEveryEndpoint('hostile and malformed requests', (endpoint) => {
  const alive = async (): Promise<void> => { assert.equal((await endpoint().api.get('/_ping')).text, 'OK'); };

  test('bodies of wrong types are refused', async () => {
    const { api } = endpoint();
    const bodies = [
      '"text"', '[]', '42', '{', '{"Image":5}', '{"Image":"busybox","Cmd":{"a":1}}', '{"Image":"busybox","Env":"A=b"}', '{"Image":"busybox","HostConfig":[]}',
      '{"Image":"busybox","HostConfig":{"Memory":"lots"}}', '{"Image":"busybox","HostConfig":{"PortBindings":{"80/tcp":"8080"}}}', '{"Image":"busybox","HostConfig":{"Mounts":[5]}}',
      '['.repeat(100_000),
    ];
    for (const body of bodies) assertBadRequest(endpoint(), await api.call('POST', '/containers/create', { body, headers: { 'content-type': 'application/json' } }), body.slice(0, 80));
    await alive();
  });

  test('broken framing of a request costs only its connection', async () => {
    const { api } = endpoint();
    const head = 'POST /containers/create HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n';
    assert.ok(statusOf(await api.raw(`${head}Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}`)) >= 400);
    assert.ok(statusOf(await api.raw(`${head}Content-Length: nonsense\r\n\r\n{}`)) >= 400);
    // Hangs up in the middle of the body.
    await api.raw(`${head}Content-Length: 1000\r\n\r\n{`).catch(() => '');
    assert.ok(statusOf(await api.raw('\u0000\u0001\u0002 / HTTP/1.1\r\n\r\n')) >= 400);
    assert.ok(statusOf(await api.raw('GET /_ping HTTP/9.9\r\nHost: docker\r\n\r\n')) >= 400);
    await alive();
  });

  test('unknown methods and paths are client errors', async () => {
    const { api } = endpoint();
    for (const [method, path] of [['PATCH', '/_ping'], ['DELETE', '/info'], ['OPTIONS', '/nope'], ['GET', '/nope'], ['GET', '/containers'], ['GET', '/v1.41'], ['PUT', '/containers/json']] as const) {
      const { status } = await api.call(method, path);
      // 20.10 answers OPTIONS of anything.
      assert.ok((status >= 400 && status < 500) || (method === 'OPTIONS' && status === 200), `${method} ${path}: ${String(status)}`);
    }
    assert.ok(statusOf(await api.raw('FROB /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n')) >= 400);
  });

  test('paths that climb, hide or break find nothing', async () => {
    const { api } = endpoint();
    for (const path of ['/containers/../../etc/passwd/json', '/containers/%2e%2e%2f%2e%2e%2fetc/json', '/containers/a%00b/json', '/containers/%ff%fe/json', '/containers/%/json', '//etc/passwd', '/containers//json', `/containers/${'a'.repeat(5000)}/json`]) {
      const status = statusOf(await api.raw(`GET ${path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n`));
      assert.ok(status >= 300 && status < 500, `${path.slice(0, 60)}: ${String(status)}`);
    }
    await alive();
  });

  test('versions out of range: 400 in Docker\'s words', async () => {
    const { api, minor } = endpoint();
    const newer = await api.get('/v1.99/info');
    assert.deepEqual([newer.status, newer.message], [400, `client version 1.99 is too new. Maximum supported API version is 1.${String(minor)}`]);
    const older = await api.get('/v1.10/info');
    assert.equal(older.status, 400);
    // To clients before 1.24 dockerd spoke plain text.
    assert.match(older.text, /client version 1\.10 is too old\. Minimum supported API version is 1\.\d+, please upgrade your client to a newer version/);
    assert.ok([400, 404].includes((await api.get('/v1.4x/info')).status));
  });

  test('requests in a row on one connection are answered in order', async () => {
    const request = (path: string, last = false): string => `GET ${path} HTTP/1.1\r\nHost: docker\r\n${last ? 'Connection: close\r\n' : ''}\r\n`;
    const replies = await endpoint().api.raw(request('/_ping') + request('/containers/nobody/json') + request('/version', true));
    const at = ['HTTP/1.1 200', 'HTTP/1.1 404', '"ApiVersion"'].map((word) => replies.indexOf(word));
    assert.ok(at.every((position, index) => position >= 0 && position > (at[index - 1] ?? -1)), replies.slice(0, 300));
  });

  test('an upgrade that the route does not know is answered as a plain request', async () => {
    const { api } = endpoint();
    const ask = (protocol: string): Promise<string> => api.raw(`GET /version HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`);
    for (const protocol of ['websocket', 'tcp', 'h2c']) {
      const reply = await ask(protocol);
      assert.equal(statusOf(reply), 200, protocol);
      assert.match(reply, /"ApiVersion"/);
    }
  });

  test('headers without end are refused', async () => {
    const reply = await endpoint().api.raw(`GET /_ping HTTP/1.1\r\nHost: docker\r\nX-Long: ${'x'.repeat(3_000_000)}\r\n\r\n`).catch(() => 'HTTP/1.1 431');
    assert.ok([400, 431].includes(statusOf(reply)), reply.slice(0, 100));
    await alive();
  });

  test('half-open and abandoned takeovers leave the container and the engine alone', async () => {
    const { api } = endpoint();
    await using container = await endpoint().started({ Cmd: ['sleep', '1000'], OpenStdin: true });
    for (let i = 0; i < 10; i += 1) {
      const half = await api.hijack(container.at('/attach?stream=1&stdin=1&stdout=1'), { upgrade: i % 2 === 0 });
      half.socket.end();
      const gone = await api.hijack(container.at('/attach?stream=1&stdin=1&stdout=1'));
      gone.socket.write('unfinished');
      gone.socket.destroy();
      half.socket.destroy();
    }
    assert.equal((await container.inspect()).State.Running, true);
    await alive();
  });
});

const skip = missing({ root: true, tools: ['docker', ...IMAGE_TOOLS, ...ENGINE_TOOLS], filesystems: ['overlay'] }) || await engineMissing();

describe('strata: what hostile clients cost', { skip, concurrency: false }, () => {
  const rssMiB = async (pid: number): Promise<number> => Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  const descriptors = async (pid: number): Promise<number> => (await readdir(`/proc/${String(pid)}/fd`)).length;
  /** A connection that has sent `text` and does nothing more. */
  const silent = (engine: Engine, text: string): Promise<Socket> => {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const socket = connect({ path: engine.socketPath }, () => { socket.write(text, () => { resolve(socket); }); });
    socket.once('error', reject);
    socket.pause();
    return promise;
  };

  test('memory and descriptors are bounded and come back', { timeout: 120_000 }, async () => {
    await using engine = await Engine.start();
    await using docker = await DockerCli.create(engine.socketPath);
    await docker.ok('load', '--quiet', '--input', (await testImages()).busybox);
    await docker.ok('run', '--detach', '--name', 'flood', 'busybox', 'yes', 'x'.repeat(200));
    const before = { rss: await rssMiB(engine.pid), fds: await descriptors(engine.pid) };
    const sockets: Socket[] = [];
    // Heads that never end, bodies that never come.
    for (let i = 0; i < 200; i += 1) sockets.push(await silent(engine, i % 2 === 0 ? 'GET /_pi' : 'POST /containers/create HTTP/1.1\r\nContent-Le'));
    for (let i = 0; i < 50; i += 1) sockets.push(await silent(engine, 'POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{'));
    // Readers that never read.
    const reads = ['/containers/flood/logs?follow=1&stdout=1', '/events', '/containers/flood/stats'];
    for (let i = 0; i < 60; i += 1) sockets.push(await silent(engine, `GET ${reads[i % reads.length] ?? ''} HTTP/1.1\r\nHost: d\r\n\r\n`));
    // Meanwhile somebody reads 100 MB and everybody else is served.
    const reply = await engine.api.open('GET', '/containers/flood/logs?follow=1&stdout=1');
    let read = 0;
    for await (const chunk of reply.body) {
      read += (chunk as Buffer).length;
      if (read > 100_000_000) break;
    }
    reply.close();
    assert.equal((await engine.api.get('/_ping')).text, 'OK');
    const held = await rssMiB(engine.pid);
    assert.ok(held - before.rss < 250, `${String(sockets.length)} silent clients hold ${(held - before.rss).toFixed(0)} MiB`);
    for (const socket of sockets) socket.destroy();
    // A body that is too large is refused while it comes.
    const large = await engine.api.call('POST', '/containers/create', {
      headers: { 'content-type': 'application/json', 'content-length': String(200_000_000) }, timeoutMs: 30_000,
      body: (async function* endless() { for (let i = 0; i < 200; i += 1) yield await Promise.resolve(Buffer.alloc(1_000_000, 32)); })(),
    }).catch(() => undefined);
    assert.ok(large === undefined || large.status === 413, String(large?.status));
    await docker.ok('rm', '--force', 'flood');
    await waitUntil('the descriptors to be closed', async () => (await descriptors(engine.pid)) <= before.fds + 5, { timeoutMs: 20_000 });
    assert.equal((await engine.api.get('/_ping')).text, 'OK');
  });
});
