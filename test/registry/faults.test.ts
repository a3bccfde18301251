import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FileContentStore } from '../../src/engine/content/file-content-store.ts';
import { BlobFetcher, type FetchProgress } from '../../src/engine/registry/blob-fetcher.ts';
import type { Registries } from '../../src/engine/registry/registries.ts';
import { RegistryProtocolError, RegistryReplyError } from '../../src/engine/registry/registry-error.ts';
import type { Repository } from '../../src/engine/registry/repository.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { FaultProxy } from './fault-proxy.ts';
import { REGISTRY_TOOLS, RegistryProgram, USER } from './registry-program.ts';
import { publish, readAll, registries, sampleImage, sampleOf } from './sample.ts';

const open = (all: Registries, domain: string, use: 'pull' | 'push' = 'pull', path = 'a'): Promise<Repository> => all.repository({ domain, path }, {}, { use });

describe('a registry that misbehaves', { skip: missing({ tools: REGISTRY_TOOLS }), timeout: 120_000 }, () => {
  let program: RegistryProgram;
  const image = sampleImage(3_000_000, 1000);
  const [layer = sampleOf(0), small = sampleOf(0)] = image.layers;
  before(async () => {
    program = await RegistryProgram.start();
    using all = registries();
    await publish(await open(all, program.authority, 'push'), image, 'x');
  });
  after(() => program[Symbol.asyncDispose]());

  test('drops at random bytes: the download goes on where it broke', async () => {
    await using proxy = await FaultProxy.start(program.authority);
    let drops = 6;
    proxy.fault = (request) => {
      if (!request.url?.includes('/blobs/') || drops === 0) return undefined;
      drops -= 1;
      return { dropAfter: 100_000 + Math.floor(Math.random() * 300_000) };
    };
    using all = registries();
    assert.ok(layer.bytes.equals(await readAll((await open(all, proxy.authority)).fetch(layer.blob))));
    const ranges = proxy.seen.filter(({ path, method }) => path.includes('/blobs/') && method === 'GET').map(({ headers }) => headers.range);
    assert.equal(ranges.length, 7);
    assert.ok(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range ?? '')));
  });

  test('an interrupted pull goes on at the byte, also in the next life of the store', async () => {
    await using scratch = await Scratch.create('regf');
    await using proxy = await FaultProxy.start(program.authority);
    using all = registries();
    const repository = await open(all, proxy.authority);
    const abort = new AbortController();
    const first = new BlobFetcher({ content: new FileContentStore(scratch.path), maxDownloads: 3 });
    await assert.rejects(first.fetch(repository, layer.blob, {
      hold: () => undefined, signal: abort.signal,
      onProgress: (progress) => { if (progress.phase === 'downloading' && progress.current > 1_000_000) abort.abort(new Error('away')); },
    }), /away/);
    // The shared work ends a moment after its last listener has left.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const content = new FileContentStore(scratch.path);
    const progress: FetchProgress[] = [];
    assert.equal(await new BlobFetcher({ content, maxDownloads: 3 }).fetch(repository, layer.blob, { hold: () => undefined, onProgress: (one) => progress.push(one) }), 'fetched');
    assert.ok(layer.bytes.equals(await content.read(layer.blob.digest, layer.blob.size)));
    const [begin] = progress;
    assert.ok(begin?.phase === 'downloading' && begin.current > 900_000, JSON.stringify(begin));
    assert.match(proxy.seen.at(-1)?.headers.range ?? '', /^bytes=[1-9]\d+-$/);
  });

  test('many pulls, one download; one that leaves stops nobody', async () => {
    await using scratch = await Scratch.create('regf');
    await using proxy = await FaultProxy.start(program.authority);
    using all = registries();
    const repository = await open(all, proxy.authority);
    const fetcher = new BlobFetcher({ content: new FileContentStore(scratch.path), maxDownloads: 1 });
    const leaver = new AbortController();
    const fetch = (signal?: AbortSignal): Promise<string> => fetcher.fetch(repository, layer.blob, { hold: () => undefined, onProgress: () => { leaver.abort(new Error('left')); }, signal });
    const [gone, ...others] = await Promise.allSettled([fetch(leaver.signal), fetch(), fetch()]);
    assert.equal(gone.status, 'rejected');
    assert.deepEqual(others.map(({ status }) => status), ['fulfilled', 'fulfilled']);
    assert.equal(proxy.seen.filter(({ path }) => path.includes('/blobs/')).length, 1);
  });

  test('429 and 5xx are asked again, with Retry-After; 403 is not', async () => {
    await using proxy = await FaultProxy.start(program.authority);
    using all = registries();
    const repository = await open(all, proxy.authority);
    const faults = [{ status: 500 }, { status: 503 }, { status: 429, headers: { 'retry-after': '1' } }];
    proxy.fault = () => faults.shift();
    const startedAt = performance.now();
    assert.equal((await repository.resolve('x')).digest, image.manifest.blob.digest);
    assert.ok(performance.now() - startedAt >= 990);
    proxy.seen.length = 0;
    proxy.fault = () => ({ status: 403, body: '<html>go away</html>' });
    await assert.rejects(repository.manifest('x'), (error) => error instanceof RegistryReplyError && error.message === 'denied: requested access to the resource is denied');
    assert.equal(proxy.seen.length, 1);
  });

  test('wrong length, wrong bytes, wrong type', async () => {
    await using scratch = await Scratch.create('regf');
    await using proxy = await FaultProxy.start(program.authority);
    using all = registries();
    const repository = await open(all, proxy.authority);
    const content = new FileContentStore(scratch.path);
    const fetcher = new BlobFetcher({ content, maxDownloads: 3 });
    const fetch = (): Promise<string> => fetcher.fetch(repository, small.blob, { hold: () => undefined, onProgress: () => undefined });
    for (const body of [Buffer.alloc(999), Buffer.alloc(1001)]) {
      proxy.fault = () => ({ status: 200, body, headers: { 'content-length': String(body.length) } });
      await assert.rejects(fetch(), RegistryProtocolError);
      proxy.fault = () => ({ status: 200, body, headers: { 'transfer-encoding': 'chunked' } });
      await assert.rejects(fetch());
    }
    proxy.fault = () => ({ status: 200, body: Buffer.alloc(1000) });
    await assert.rejects(fetch(), /filesystem layer verification failed for digest sha256:/);
    assert.deepEqual(await Array.fromAsync(content.list()), []);
    proxy.fault = () => ({ status: 200, body: image.manifest.bytes.toString().replace('linux', 'other') + ' ' });
    await assert.rejects(repository.manifest(image.manifest.blob.digest), /manifest verification failed/);
    proxy.fault = () => ({ status: 200, body: image.manifest.bytes, headers: { 'content-type': 'text/html', 'docker-content-digest': `sha256:${'0'.repeat(64)}` } });
    await assert.rejects(repository.manifest('x'), /manifest verification failed/);
    proxy.fault = () => ({ headers: { 'content-type': 'application/vnd.docker.distribution.manifest.list.v2+json' } });
    assert.equal((await repository.manifest('x')).descriptor.mediaType, image.manifest.blob.mediaType);
    proxy.fault = () => ({ status: 200, body: Buffer.alloc(5_000_000) });
    await assert.rejects(repository.manifest('x'), /more than 4194304 bytes/);
  });

  test('a stalled transfer is left and taken up again', async () => {
    await using proxy = await FaultProxy.start(program.authority);
    using all = registries();
    let stalls = 1;
    proxy.fault = (request) => (request.url?.includes('/blobs/') && stalls-- > 0 ? { stall: true } : undefined);
    await assert.rejects(readAll((await open(all, proxy.authority)).fetch(layer.blob)), RegistryProtocolError, 'another length is announced');
    stalls = 1;
    proxy.fault = (request) => (request.url?.includes('/blobs/') && stalls-- > 0 ? { dropAfter: 0 } : undefined);
    assert.ok(layer.bytes.equals(await readAll((await open(all, proxy.authority)).fetch(layer.blob))));
    // A reader of ours that is slow makes nobody look dead.
    let slept = false;
    for await (const _ of (await open(all, proxy.authority)).fetch(layer.blob)) {
      if (!slept) await new Promise((resolve) => setTimeout(resolve, 1200));
      slept = true;
    }
  });

  test('redirects: circles end, other hosts get no credentials', async () => {
    await using elsewhere = await FaultProxy.start(undefined);
    await using proxy = await FaultProxy.start(undefined);
    using all = registries();
    elsewhere.fault = () => ({ status: 200, body: small.bytes });
    proxy.fault = (request) => {
      if (request.headers.authorization === undefined) return { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };
      if (request.url?.includes('/manifests/')) return { status: 307, headers: { location: request.url } };
      return { status: 307, headers: { location: `http://${elsewhere.authority}/cdn` } };
    };
    const repository = await all.repository({ domain: proxy.authority, path: 'a' }, { credentials: USER, metaHeaders: { 'x-meta-a': 'b' } }, { use: 'pull' });
    assert.ok(small.bytes.equals(await readAll(repository.fetch(small.blob))));
    assert.equal(proxy.seen.at(-1)?.headers['x-meta-a'], 'b');
    assert.deepEqual([elsewhere.seen[0]?.headers.authorization, elsewhere.seen[0]?.headers['x-meta-a']], [undefined, undefined]);
    await assert.rejects(repository.manifest('x'), /redirects in a circle/);
    elsewhere.fault = () => ({ status: 401, headers: { 'www-authenticate': 'Basic realm="give me"' }, body: '{"errors":[{"code":"DENIED","message":"secret"}]}' });
    await assert.rejects(readAll(repository.fetch(small.blob)), (error: Error) => !error.message.includes('secret'));
    assert.ok(elsewhere.seen.every(({ headers }) => headers.authorization === undefined));
  });

  test('a mirror with other bytes, and one that is down: the next one, the origin last', async () => {
    await using scratch = await Scratch.create('regf');
    await using liar = await FaultProxy.start(undefined);
    await using good = await FaultProxy.start(program.authority);
    liar.fault = () => ({ status: 200, body: Buffer.alloc(small.blob.size) });
    using all = registries({ mirrors: ['http://127.0.0.1:1', `http://${liar.authority}`, `http://${good.authority}`] });
    const repository = await all.repository({ domain: 'docker.io', path: 'a' }, { credentials: USER }, { use: 'pull' });
    const content = new FileContentStore(scratch.path);
    assert.equal(await new BlobFetcher({ content, maxDownloads: 3 }).fetch(repository, small.blob, { hold: () => undefined, onProgress: () => undefined }), 'fetched');
    assert.ok(small.bytes.equals(await content.read(small.blob.digest)));
    assert.equal((await repository.resolve('x')).digest, image.manifest.blob.digest);
    assert.ok([...liar.seen, ...good.seen].every(({ headers }) => headers.authorization === undefined));
  });

  test('an upload that breaks begins anew, or goes on where the registry says', async () => {
    await using proxy = await FaultProxy.start(program.authority);
    using all = registries({ uploadChunkBytes: 400_000 });
    let failures = 2;
    proxy.fault = (request) => (request.method === 'PATCH' && failures-- > 0 ? { status: 503 } : undefined);
    const { blob, bytes, open: content } = sampleOf(1_500_000);
    const repository = await open(all, proxy.authority, 'push', 'up');
    assert.equal(await repository.push(blob, content), 'pushed');
    assert.ok(bytes.equals(await readAll(repository.fetch(blob))));
    assert.ok(proxy.seen.some(({ method, path }) => method === 'GET' && path.includes('/uploads/')));
  });

  test('a proxy of the environment carries what is not on this machine', async () => {
    await using proxy = await FaultProxy.start(program.authority);
    using all = registries({ insecureRegistries: ['registry.test:5000'], proxyEnv: { HTTP_PROXY: `http://${proxy.authority}` } });
    const found = await (await open(all, 'registry.test:5000')).resolve('x').catch((error: unknown) => error);
    assert.ok(proxy.seen.some(({ path }) => path.startsWith('http://registry.test:5000/v2/')), String(found));
  });
});
