import assert from 'node:assert/strict';
import { cp, mkdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { Registries } from '../../src/engine/registry/registries.ts';
import type { Repository } from '../../src/engine/registry/repository.ts';
import { missing } from '../fixtures/requirements.ts';
import { ForwardProxy } from './forward-proxy.ts';
import { Http2Front } from './http2-front.ts';
import { REGISTRY_TOOLS, RegistryProgram, USER } from './registry-program.ts';
import { publish, readAll, registries, sampleImage, sampleOf } from './sample.ts';

const open = (all: Registries, domain: string, use: 'pull' | 'push' = 'push'): Promise<Repository> => all.repository({ domain, path: 'a' }, { credentials: USER }, { use });

/** The authority of a registry's certificate, for `host`. @returns the directory to look in */
async function trust(program: RegistryProgram, host: string): Promise<string> {
  const home = program.scratch.file(`certs.d/${host}`);
  await mkdir(home, { recursive: true });
  await cp(program.scratch.file('ca.crt'), `${home}/ca.crt`);
  return program.scratch.file('certs.d');
}

describe('ways to a registry', { skip: missing({ tools: REGISTRY_TOOLS }), timeout: 120_000 }, () => {
  test('a server that speaks HTTP/2 only: one connection for everything', async () => {
    await using program = await RegistryProgram.start();
    await using certified = await RegistryProgram.start({ tls: 'server' });
    await using front = await Http2Front.start(program.authority, { cert: certified.scratch.file('server.crt'), key: certified.scratch.file('server.key') });
    using all = registries({ uploadChunkBytes: 1_000_000 });
    const image = sampleImage(2_500_000, 700_000, 10, 0);
    await publish(await open(all, front.authority), image, 'x');
    const repository = await open(all, front.authority, 'pull');
    assert.equal((await repository.resolve('x')).digest, image.manifest.blob.digest);
    const fetched = await Promise.all(image.layers.map(({ blob }) => readAll(repository.fetch(blob))));
    assert.ok(image.layers.every(({ bytes }, index) => bytes.equals(fetched[index] ?? Buffer.alloc(1))));
    assert.ok(front.streams > 15);
    const first = front.connections;
    assert.equal(first, 1);
    // A connection that breaks in the middle is opened again, at the byte.
    const [large = sampleOf(0)] = image.layers;
    let broken = false;
    const chunks: Uint8Array[] = [];
    for await (const chunk of repository.fetch(large.blob)) {
      chunks.push(chunk);
      if (!broken) for (const session of front.sessions) session.destroy();
      broken = true;
    }
    assert.ok(large.bytes.equals(Buffer.concat(chunks)));
    assert.ok(front.connections > first);
    const abort = new AbortController();
    const reason = new Error('enough');
    await assert.rejects(async () => { for await (const _ of repository.fetch(large.blob, { signal: abort.signal })) abort.abort(reason); }, reason);
  });

  test('docker-registry over TLS, in both versions of HTTP', async () => {
    await using program = await RegistryProgram.start({ tls: 'server', auth: 'htpasswd' });
    const certificateDirectories = [await trust(program, program.authority)];
    for (const http2 of [true, false]) {
      using all = registries({ certificateDirectories, http2 });
      const image = sampleImage(400_000);
      await publish(await open(all, program.authority), image, 'x');
      const repository = await open(all, program.authority, 'pull');
      for (const { blob, bytes } of image.layers) assert.ok(bytes.equals(await readAll(repository.fetch(blob))));
    }
  });

  test('proxies: whole URLs for http, CONNECT for https, exceptions, a user of the proxy', async () => {
    await using plain = await RegistryProgram.start();
    await using secure = await RegistryProgram.start({ tls: 'server' });
    await using proxy = await ForwardProxy.start(plain.authority);
    await using tunnel = await ForwardProxy.start(secure.authority);
    using all = registries({
      certificateDirectories: [await trust(secure, 'registry.test')],
      proxyEnv: { http_proxy: proxy.url, HTTPS_PROXY: 'http://127.0.0.1:1' }, proxies: { https: tunnel.url.replace('//', '//me:secret@'), none: '.other.test, 10.0.0.0/8,exact.test:5000' },
    });
    const image = sampleImage(400_000, 10);
    await publish(await open(all, 'registry.test'), image, 'x');
    const repository = await open(all, 'registry.test', 'pull');
    for (const { blob, bytes } of image.layers) assert.ok(bytes.equals(await readAll(repository.fetch(blob))));
    assert.ok(tunnel.seen.length > 0 && tunnel.seen.every(({ line, user }) => line === 'CONNECT registry.test:443' && user === 'me:secret'), JSON.stringify(tunnel.seen));
    using insecure = registries({ insecureRegistries: ['plain.test:5000'], proxyEnv: { http_proxy: proxy.url, HTTPS_PROXY: 'http://127.0.0.1:1' } });
    await publish(await open(insecure, 'plain.test:5000'), image, 'x');
    assert.ok(proxy.seen.some(({ line }) => line === 'PUT http://plain.test:5000/v2/a/manifests/x'));
    const before = proxy.seen.length + tunnel.seen.length;
    for (const domain of ['sub.other.test', '10.1.2.3:1', 'exact.test:5000']) {
      const abort = AbortSignal.timeout(1500);
      await assert.rejects(async () => (await all.repository({ domain, path: 'a' }, {}, { use: 'pull', signal: abort })).resolve('x', abort));
    }
    assert.equal(proxy.seen.length + tunnel.seen.length, before);
  });

  test('mirrors and insecure registries change while the engine runs', async () => {
    await using program = await RegistryProgram.start();
    await using proxy = await ForwardProxy.start(program.authority);
    using all = registries({ proxies: { http: proxy.url, https: 'http://127.0.0.1:1' } });
    const image = sampleImage(10);
    await publish(await open(all, program.authority), image, 'x');
    const abort = (): AbortSignal => AbortSignal.timeout(5000);
    await assert.rejects(async () => (await open(all, 'plain.test:5000', 'pull')).resolve('x', abort()));
    assert.throws(() => { all.reload({ mirrors: [], insecureRegistries: ['http://x'] }); }, /invalid insecure registry/);
    all.reload({ mirrors: [`http://${program.authority}`], insecureRegistries: ['plain.test:5000'] });
    assert.equal((await (await open(all, 'plain.test:5000', 'pull')).resolve('x')).digest, image.manifest.blob.digest);
    assert.equal((await (await all.repository({ domain: 'docker.io', path: 'a' }, {}, { use: 'pull' })).resolve('x', abort())).digest, image.manifest.blob.digest);
  });
});
