import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { messageOf } from '../../src/api/errors.ts';
import { digestOf } from '../../src/engine/content/digest.ts';
import { MEDIA_TYPES } from '../../src/engine/images/manifest.ts';
import type { RegistriesOptions } from '../../src/engine/registry/registries.ts';
import { missing } from '../fixtures/requirements.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { FaultProxy, type Fault } from './fault-proxy.ts';
import { REGISTRY_TOOLS, RegistryProgram } from './registry-program.ts';
import { publish, registries, sampleOf } from './sample.ts';
import { Store } from './store.ts';

const QUICK: Partial<RegistriesOptions> = { policy: { attempts: 2, baseMs: 1, capMs: 5 }, stallLimits: { idleMs: 400, leastBytesPerSecond: 512, windowMs: 300 } };
const GZIP = `${MEDIA_TYPES.ociLayer}+gzip`;
/** A tar of nothing. */
const EMPTY_TAR = Buffer.alloc(10_240);

/** An image of one layer, whose config announces `diffId`. */
async function publishLayer(authority: string, path: string, bytes: Buffer, diffId: string, configType: string = MEDIA_TYPES.ociConfig): Promise<void> {
  using all = registries();
  const layer = sampleOf(bytes, GZIP);
  const config = sampleOf(Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', path, rootfs: { type: 'layers', diff_ids: [diffId] } })), configType);
  const [c, l] = [config, layer].map(({ blob: { mediaType, digest, size } }) => ({ mediaType, digest, size }));
  const manifest = sampleOf(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: c, layers: [l] })), MEDIA_TYPES.ociManifest);
  await publish(await all.repository({ domain: authority, path }, {}, { use: 'push' }), { layers: [layer], config, manifest }, 'x');
}

const isBlob = (request: IncomingMessage): boolean => request.url?.includes('/blobs/') === true;
const isManifest = (request: IncomingMessage): boolean => request.url?.includes('/manifests/') === true;
const onBlobs = (fault: Fault) => (request: IncomingMessage): Fault | undefined => (isBlob(request) ? fault : undefined);

const FAULTS: readonly { name: string; fault: (request: IncomingMessage) => Fault | undefined; error: RegExp }[] = [
  { name: 'connections that always break', fault: onBlobs({ dropAfter: 5 }), error: /^cannot reach registry 127\.0\.0\.1:\d+: (?:aborted|.*hang up|.*ECONNRESET.*)|broke off/ },
  { name: '429 without Retry-After', fault: onBlobs({ status: 429 }), error: /^toomanyrequests: too many requests$/ },
  { name: '429 with a Retry-After that nobody waits for', fault: onBlobs({ status: 429, headers: { 'retry-after': '99999' } }), error: /^toomanyrequests: too many requests$/ },
  { name: '500', fault: onBlobs({ status: 500, body: 'oops' }), error: /^blob sha256:[0-9a-f]{64}: registry answered with status 500$/ },
  { name: '503 with Retry-After', fault: onBlobs({ status: 503, headers: { 'retry-after': '0' }, body: '<html>' }), error: /^blob sha256:[0-9a-f]{64}: registry answered with status 503$/ },
  { name: '500 for the manifest', fault: (request) => (isManifest(request) ? { status: 500 } : undefined), error: /registry answered with status 500$/ },
  { name: 'slow loris', fault: onBlobs({ dripMs: 40 }), error: /has stalled: only \d+ bytes per second$/ },
  { name: 'other bytes of the same length', fault: onBlobs({ spoil: true }), error: /^filesystem layer verification failed for digest sha256:[0-9a-f]{64}$/ },
  { name: 'more bytes than announced', fault: onBlobs({ status: 200, body: Buffer.alloc(5000) }), error: /sends more than the \d+ bytes announced for sha256:[0-9a-f]{64}$/ },
  { name: 'another length', fault: onBlobs({ status: 200, body: 'x', headers: { 'content-length': '1' } }), error: /announces 1 instead of \d+ bytes for sha256:[0-9a-f]{64}$/ },
  { name: 'a redirect in a circle', fault: (request) => (isBlob(request) ? { status: 307, headers: { location: request.url ?? '/' } } : undefined), error: /redirects in a circle$/ },
  { name: 'a manifest with a lying type that is none', fault: (request) => (isManifest(request) && request.method === 'GET' ? { status: 200, headers: { 'content-type': MEDIA_TYPES.ociManifest }, body: '<html>no manifest</html>' } : undefined), error: /manifest/ },
];

describe('pulls from a registry that misbehaves', { skip: missing({ root: true, tools: REGISTRY_TOOLS }), timeout: 180_000 }, () => {
  let program: RegistryProgram;
  before(async () => {
    program = await RegistryProgram.start();
    await publishLayer(program.authority, 'good', gzipSync(EMPTY_TAR), digestOf(EMPTY_TAR));
  });
  after(() => program[Symbol.asyncDispose]());

  for (const { name, fault, error } of FAULTS) {
    test(`${name}: a clear error, nothing is left, and the next pull works`, async () => {
      await using proxy = await FaultProxy.start(program.authority);
      await using store = await Store.open(QUICK);
      proxy.fault = fault;
      await assert.rejects(store.pull(`${proxy.authority}/good:x`), (thrown) => { assert.match(messageOf(thrown), error); return true; });
      assert.deepEqual(await store.leftovers(), []);
      proxy.fault = () => undefined;
      await store.pull(`${proxy.authority}/good:x`);
    });
  }

  test('a pull that waits for the registry counts the seconds down', async () => {
    await using proxy = await FaultProxy.start(program.authority);
    await using store = await Store.open(QUICK);
    let refusals = 0;
    proxy.fault = (request) => (isBlob(request) && refusals++ === 1 ? { status: 429, headers: { 'retry-after': '2' } } : undefined);
    const arrivals = (await store.pull(`${proxy.authority}/good:x`)).flatMap((one) => (one.kind === 'layer' ? [one.arrival] : []));
    assert.deepEqual(arrivals.filter(({ phase }) => phase === 'retrying'), [{ phase: 'retrying', seconds: 2 }, { phase: 'retrying', seconds: 1 }]);
    assert.deepEqual(arrivals.at(-1), { phase: 'complete' });
  });

  test('compressed layers that end early, grow without end, or are none', async () => {
    const whole = gzipSync(Buffer.alloc(4_000_000, 'x'));
    const hostile = {
      truncated: { bytes: gzipSync(EMPTY_TAR).subarray(0, 20), diffId: digestOf(EMPTY_TAR), error: /^damaged gzip data: unexpected end of file$/ },
      garbage: { bytes: Buffer.from('not gzip at all'), diffId: digestOf(EMPTY_TAR), error: /it is truncated$/ },
      bomb: { bytes: gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 }), diffId: digestOf(EMPTY_TAR), error: /^wrong layer: the image names sha256:[0-9a-f]{64}, its content is sha256:[0-9a-f]{64}$/ },
      other: { bytes: whole, diffId: digestOf(EMPTY_TAR), error: /^invalid tar header: / },
    };
    await using store = await Store.open(QUICK);
    for (const [path, { bytes, diffId, error }] of Object.entries(hostile)) {
      await publishLayer(program.authority, path, bytes, diffId);
      await assert.rejects(store.pull(`${program.authority}/${path}:x`), (thrown) => { assert.match(messageOf(thrown), error, path); return true; });
      assert.deepEqual(await store.leftovers(), [], path);
    }
  });

  test('an artifact is no image, and is told so', async () => {
    await publishLayer(program.authority, 'artifact', gzipSync(EMPTY_TAR), digestOf(EMPTY_TAR), 'application/vnd.example.chart.config.v1+json');
    await using store = await Store.open(QUICK);
    await assert.rejects(store.pull(`${program.authority}/artifact:x`), /^InvalidArgumentError: unsupported media type "application\/vnd\.example\.chart\.config\.v1\+json": .* holds something else than a container image there$/);
    assert.deepEqual(await store.leftovers(), []);
  });

  test('a hundred pulls that fail leave no descriptor open', async () => {
    await using proxy = await FaultProxy.start(program.authority);
    await using store = await Store.open(QUICK);
    const quick = FAULTS.filter(({ name }) => name !== 'slow loris');
    const descriptors = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
    const fail = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i += 1) {
        proxy.fault = quick[i % quick.length]?.fault ?? proxy.fault;
        await assert.rejects(store.pull(`${proxy.authority}/good:x`));
      }
    };
    await fail(quick.length);
    const before = await descriptors();
    await fail(100);
    await waitUntil('descriptors to be closed', async () => await descriptors() <= before + 6, { timeoutMs: 20_000 });
    assert.deepEqual(await store.leftovers(), []);
  });
});
