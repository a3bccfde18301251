import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { hexOf } from '../../src/engine/content/digest.ts';
import { exec } from '../../src/base/exec.ts';
import { rawTar } from '../fixtures/raw-tar.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { FaultProxy } from './fault-proxy.ts';
import { REGISTRY_TOOLS, RegistryProgram } from './registry-program.ts';
import { layerOf, put } from './layered-image.ts';
import { Store } from './store.ts';

const blobRequests = (proxy: FaultProxy, digest: string): FaultProxy['seen'] => proxy.seen.filter(({ method, path }) => method === 'GET' && path.endsWith(`/blobs/${digest}`));
const why = missing({ root: true, tools: REGISTRY_TOOLS, filesystems: ['overlay'] });

describe('the way of layers in', { skip: why, timeout: 120_000 }, () => {
  test('pulls at once fetch and unpack what they share once', async () => {
    await using program = await RegistryProgram.start();
    await using proxy = await FaultProxy.start(program.authority);
    await using store = await Store.open({}, { layering: 'stacked' });
    const shared = [layerOf('a', randomBytes(700_000)), layerOf('b', randomBytes(300_000))];
    const tags = ['1', '2', '3', '4', '5'];
    for (const tag of tags) await put(program.authority, tag, [...shared, layerOf(`own-${tag}`, tag)]);
    await Promise.all(tags.map((tag) => store.pull(`${proxy.authority}/pipe:${tag}`)));
    for (const { packed } of shared) assert.equal(blobRequests(proxy, packed.blob.digest).length, 1);
    const kinds = (await Array.fromAsync(store.snapshotter.list())).map(({ kind }) => kind);
    assert.deepEqual(kinds, Array.from({ length: 2 + tags.length }, () => 'committed'));
    assert.equal(await store.images.source.count(), tags.length);
  });

  test('a download goes on at the byte that a dead engine had come to, and at the one where a connection broke', async () => {
    await using program = await RegistryProgram.start();
    await using proxy = await FaultProxy.start(program.authority);
    await using root = await Scratch.create('life');
    const layer = layerOf('file', randomBytes(1_000_000));
    await put(program.authority, 'half', [layer]);
    await mkdir(root.file('content/partial'), { recursive: true });
    await writeFile(join(root.file('content/partial'), hexOf(layer.packed.blob.digest)), layer.packed.bytes.subarray(0, 123_457));
    await using store = await Store.open({}, { layering: 'stacked', dataRoot: root.path });
    let broken = false;
    proxy.fault = (request) => {
      if (broken || request.url?.endsWith(layer.packed.blob.digest) !== true) return undefined;
      broken = true;
      return { dropAfter: 400_000 };
    };
    await store.pull(`${proxy.authority}/pipe:half`);
    const asked = blobRequests(proxy, layer.packed.blob.digest).map(({ headers }) => Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1]));
    assert.equal(asked[0], 123_457);
    assert.equal(asked.length, 2);
    assert.ok((asked[1] ?? 0) > 123_457 && (asked[1] ?? Infinity) <= 123_457 + 400_000, String(asked[1]));
    const { topSnapshot } = await store.images.source.get(`${proxy.authority}/pipe:half`);
    const { directory } = await store.snapshotter.stat(topSnapshot ?? '');
    assert.equal((await readFile(join(directory, 'all/file'))).length, 1_000_000);
  });

  test('other bytes than were announced are refused although they were unpacked already, and nothing is left', async () => {
    await using program = await RegistryProgram.start();
    await using proxy = await FaultProxy.start(program.authority);
    await using store = await Store.open({}, { layering: 'stacked' });
    const layer = layerOf('file', 'right');
    const other = gzipSync(rawTar([{ name: 'all/', type: '5' }, { name: 'all/file', body: 'wrong' }]), { level: 1 });
    await put(program.authority, 'other', [layer]);
    proxy.fault = (request) => (request.url?.endsWith(layer.packed.blob.digest) === true
      ? { status: 200, body: Buffer.concat([other, Buffer.alloc(Math.max(0, layer.packed.bytes.length - other.length))]).subarray(0, layer.packed.bytes.length) } : undefined);
    await assert.rejects(store.pull(`${proxy.authority}/pipe:other`));
    assert.deepEqual(await Array.fromAsync(store.snapshotter.list()), []);
    proxy.fault = () => undefined;
    await store.pull(`${proxy.authority}/pipe:other`);
    assert.equal(await store.images.source.count(), 1);
  });

  test('an image of 130 layers is pulled, and its stack can be mounted', async () => {
    await using program = await RegistryProgram.start();
    await using store = await Store.open({}, { layering: 'stacked' });
    await using scratch = await Scratch.create('deep');
    await put(program.authority, 'deep', Array.from({ length: 130 }, (_, index) => layerOf(`f${String(index)}`, String(index))));
    await store.pull(`${program.authority}/pipe:deep`);
    const { topSnapshot } = await store.images.source.get(`${program.authority}/pipe:deep`);
    const [mount] = await store.snapshotter.prepare('deep', topSnapshot);
    assert.ok(mount);
    await mkdir(scratch.file('root'));
    await exec('mount', ['-t', mount.type, '-o', mount.options.join(','), mount.source, scratch.file('root')], { cwd: mount.directory ?? '/', timeoutMs: 10_000 });
    try {
      assert.equal((await readdir(scratch.file('root/all'))).length, 130);
    } finally {
      await exec('umount', [scratch.file('root')], { timeoutMs: 10_000 });
    }
  });
});
