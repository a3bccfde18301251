import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ProgressMessage } from '../../src/api/wire/image.ts';
import { silentLogger } from '../../src/base/log.ts';
import { openImages, type OpenedImages } from '../../src/engine/images/open-images.ts';
import { getXattr } from '../../src/engine/linux/file-attributes.ts';
import { OverlaySnapshotter } from '../../src/engine/snapshots/overlay-snapshotter.ts';
import { type Database, openDatabase } from '../../src/engine/store/database.ts';
import { type RawEntry, rawTar } from '../fixtures/raw-tar.ts';
import { missing } from '../fixtures/requirements.ts';

const digest = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

interface Archive {
  layers?: readonly Buffer[];
  config?: (diffIds: string[]) => unknown;
  manifest?: unknown;
  extra?: readonly RawEntry[];
}

function archive({ layers = [], config, manifest, extra = [] }: Archive): Buffer {
  const diffIds = layers.map((layer) => `sha256:${digest(layer)}`);
  const bytes = JSON.stringify(config ? config(diffIds) : { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } });
  const names = layers.map((_, index) => `layer${index}.tar`);
  return rawTar([
    ...layers.map((body, index) => ({ name: names[index] ?? '', body })), ...extra, { name: 'config.json', body: Buffer.from(bytes) },
    { name: 'manifest.json', body: JSON.stringify(manifest ?? [{ Config: 'config.json', RepoTags: ['hostile:latest'], Layers: names }]) },
  ]);
}

const layer = (...entries: RawEntry[]): Archive => ({ layers: [rawTar(entries)] });

describe('hostile archives', { skip: missing({ root: true, filesystems: ['overlay'] }), concurrency: false }, () => {
  let root = '';
  let database: Database;
  let images: OpenedImages;
  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'strata-hostile-'));
    mkdirSync(join(root, 'outside'));
    writeFileSync(join(root, 'outside/victim'), 'untouched');
    database = openDatabase(':memory:', silentLogger);
    const snapshotter = new OverlaySnapshotter(database, join(root, 'data/overlay'));
    images = await openImages({ config: { dataRoot: join(root, 'data') }, database, snapshotter, log: silentLogger, architecture: 'amd64', users: () => [], announce: () => undefined });
  });
  after(async () => {
    await images.close();
    database.close();
    rmSync(root, { recursive: true, force: true });
  });

  const load = async (bytes: Buffer): Promise<ProgressMessage[]> => {
    const lines: ProgressMessage[] = [];
    const pieces = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, index) => bytes.subarray(index * 1000, (index + 1) * 1000));
    await images.service.load((async function* () { yield* pieces; })(), { quiet: true, onProgress: (line) => lines.push(line) });
    return lines;
  };
  const nothingLeft = async (): Promise<void> => {
    await images.collector.collect();
    assert.equal(images.service.list({ filters: new Map(), all: true }).length, 0, 'images');
    assert.deepEqual(await Array.fromAsync(images.content.list()), [], 'blobs');
    assert.deepEqual(readdirSync(join(root, 'data/content/ingest')), [], 'ingest');
    assert.deepEqual(readdirSync(join(root, 'data/overlay')), [], 'snapshots');
    assert.equal(readFileSync(join(root, 'outside/victim'), 'utf8'), 'untouched');
    assert.deepEqual(readdirSync(join(root, 'outside')), ['victim']);
  };
  /** Loads, looks at the top layer's own files, and removes. */
  const accepted = async (bytes: Buffer, look: (directory: string) => void): Promise<void> => {
    await load(bytes);
    const { top } = await images.service.inspect('hostile');
    look(top?.directory ?? '');
    await images.service.remove('hostile', { force: true, prune: true });
    await nothingLeft();
  };

  const up = '../'.repeat(12);
  const refused: Readonly<Record<string, [Buffer, RegExp]>> = {
    'no bytes': [Buffer.alloc(0), /empty/],
    'no tar': [Buffer.from('x'.repeat(2000)), /checksum|octal/],
    'truncated within a layer': [archive(layer({ name: 'a', body: 'x'.repeat(5000) })).subarray(0, 3000), /truncated/],
    'truncated gzip': [gzipSync(archive(layer({ name: 'a', body: 'abc' }))).subarray(0, 150), /gzip/],
    'a wrong checksum': [rawTar([{ name: 'a', badChecksum: true }]), /checksum/],
    'a negative size': [rawTar([{ name: 'a', patch: { 124: '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' } }]), /out of range/],
    'a size beyond all numbers': [rawTar([{ name: 'a', patch: { 124: '\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' } }]), /out of range/],
    'a giant extended header': [rawTar([{ name: 'a', type: 'x', size: 100_000_000 }]), /extended header/],
    'a pax record that lies about its length': [rawTar([{ name: 'p', type: 'x', body: '99 path=x\n' }, { name: 'a' }]), /wrong length/],
    'an archive member outside': [archive({ extra: [{ name: `${up}outside/new`, body: 'x' }] }), /leads out/],
    'neither format': [rawTar([{ name: 'file', body: 'x' }]), /neither/],
    'bad JSON': [rawTar([{ name: 'manifest.json', body: '[{' }]), /invalid manifest\.json/],
    'a manifest of the wrong shape': [rawTar([{ name: 'manifest.json', body: '{"Config":1}' }]), /must be a list/],
    'a layer that is not there': [archive({ manifest: [{ Config: 'config.json', RepoTags: null, Layers: ['nope.tar'] }], config: () => ({ rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] } }) }), /not in it/],
    'more layers than the config names': [archive({ ...layer({ name: 'a' }), config: () => ({ rootfs: { type: 'layers', diff_ids: [] } }) }), /layers/],
    'a layer with another diffId': [archive({ ...layer({ name: 'a' }), config: () => ({ rootfs: { type: 'layers', diff_ids: [`sha256:${'1'.repeat(64)}`] } }) }), /wrong layer/],
    'an operating system of others': [archive({ config: () => ({ os: 'windows', rootfs: { type: 'layers', diff_ids: [] } }) }), /windows/],
    'a config without rootfs': [archive({ config: () => ({}) }), /rootfs/],
    'a config with fields of the wrong type': [archive({ config: () => ({ config: { Env: 'x' }, rootfs: { type: 'layers', diff_ids: [] } }) }), /Env/],
    'a bad name': [archive({ manifest: [{ Config: 'config.json', RepoTags: ['UPPER:x'], Layers: [] }] }), /lowercase/],
    'a blob with the wrong digest': [archive({ extra: [{ name: `blobs/sha256/${'a'.repeat(64)}`, body: 'x' }] }), /wrong digest/],
    'an absolute traversal in a layer': [archive(layer({ name: `${up}outside/new`, body: 'x' })), /leads out/],
    'a hard link outside': [archive(layer({ name: 'a', type: '1', link: `${up}outside/victim` })), /leads out/],
    'a hard link to nothing': [archive(layer({ name: 'a', type: '1', link: 'nope' })), /not in this layer/],
    'a file in the place of a parent': [archive(layer({ name: 'a', body: 'x' }, { name: 'a/b', body: 'y' })), /no directory/],
    'symlinks in a circle': [archive(layer({ name: 'a', type: '2', link: 'b' }, { name: 'b', type: '2', link: 'a' }, { name: 'a/c' })), /no directory/],
    'a whiteout of the directory itself': [archive(layer({ name: 'd/.wh.' })), /whiteout/],
    'a whiteout of the parent': [archive(layer({ name: 'd/.wh...' })), /whiteout/],
    'the root directory as a file': [archive(layer({ name: './', type: '2', link: '/' })), /root directory/],
    'an unknown kind of entry': [archive(layer({ name: 'a', type: 'Z' })), /unsupported kind/],
    'a NUL in a pax name': [archive(layer({ name: 'a', pax: { path: 'a\0b' } })), /NUL/],
    'a name longer than Linux allows': [archive(layer({ name: 'a', pax: { path: 'x/'.repeat(3000) + 'y' } })), /longer/],
    'a sparse map that does not fit': [archive(layer({ name: 'a', body: 'x', pax: { 'GNU.sparse.map': '5,9', 'GNU.sparse.size': '10' } })), /sparse/],
  };
  for (const [what, [bytes, pattern]] of Object.entries(refused)) {
    test(`refused, with nothing left: ${what}`, async () => {
      await assert.rejects(load(bytes), pattern);
      await nothingLeft();
    });
  }

  test('kept inside: a symlink out of the layer is followed as in a container', async () => {
    await accepted(archive(layer({ name: 'link', type: '2', link: `${up}outside` }, { name: 'link/new', body: 'x' }, { name: 'abs', type: '2', link: join(root, 'outside') }, { name: 'abs/new2', body: 'x' })), (directory) => {
      assert.equal(readFileSync(join(directory, 'outside/new'), 'utf8'), 'x');
      assert.equal(readFileSync(join(directory, root, 'outside/new2'), 'utf8'), 'x');
      assert.equal(readlinkSync(join(directory, 'link')), `${up}outside`);
    });
  });

  test('kept inside: a file over a symlink replaces the link', async () => {
    await accepted(archive(layer({ name: 'a', type: '2', link: join(root, 'outside/victim') }, { name: 'a', body: 'new' })), (directory) => {
      assert.equal(readFileSync(join(directory, 'a'), 'utf8'), 'new');
      assert.ok(lstatSync(join(directory, 'a')).isFile());
    });
  });

  test('kept inside: absolute names and dots', async () => {
    await accepted(archive(layer({ name: '/etc/passwd', body: 'x' }, { name: './a/../b', body: 'y' }, { name: '/../../c', body: 'z' })), (directory) => {
      assert.deepEqual(['etc/passwd', 'b', 'c'].map((name) => readFileSync(join(directory, name), 'utf8')), ['x', 'y', 'z']);
    });
  });

  test("marks of overlayfs cannot be forged; the layer's own removals are marked, in any order", async () => {
    await accepted(archive(layer(
      { name: 'd', type: '5', pax: { 'SCHILY.xattr.trusted.overlay.opaque': 'y', 'SCHILY.xattr.user.kept': 'v' } },
      { name: 'o/.wh..wh..opq' }, { name: 'o/new', body: 'x' }, { name: '.wh.gone' }, { name: '.wh.back' }, { name: 'back', type: '5' }, { name: 'stays', body: 'x' }, { name: '.wh.stays' },
      { name: '.wh..wh.plnk', type: '5' },
    )), (directory) => {
      const opaque = (name: string): string | undefined => getXattr(Buffer.from(join(directory, name)), 'trusted.overlay.opaque')?.toString();
      assert.deepEqual([opaque('d'), opaque('o'), opaque('back')], [undefined, 'y', 'y']);
      assert.equal(getXattr(Buffer.from(join(directory, 'd')), 'user.kept')?.toString(), 'v');
      assert.ok(lstatSync(join(directory, 'gone')).isCharacterDevice());
      assert.ok(existsSync(join(directory, 'o/new')) && existsSync(join(directory, 'stays')));
      assert.equal(existsSync(join(directory, '.wh..wh.plnk')), false);
    });
  });

  test('names that are no UTF-8, devices, modes, owners and holes come out as they went in', async () => {
    await accepted(archive(layer(
      { name: 'caf\xe9', body: 'latin1' }, { name: 'null', type: '3', device: [1, 3], mode: 0o666 }, { name: 'fifo', type: '6' }, { name: 'suid', body: 'x', mode: 0o4755, uid: 7 },
      { name: 'sparse', body: 'AB', pax: { 'GNU.sparse.map': '10,1,1000000,1', 'GNU.sparse.size': '2000000' } }, { name: 'twice', body: '1' }, { name: 'hard', type: '1', link: 'twice' }, { name: 'twice', body: '2' },
    )), (directory) => {
      assert.equal(readFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from('caf\xe9', 'latin1')]), 'utf8'), 'latin1');
      assert.equal(lstatSync(join(directory, 'null')).rdev, 0x103);
      assert.ok(lstatSync(join(directory, 'fifo')).isFIFO());
      const suid = lstatSync(join(directory, 'suid'));
      assert.deepEqual([suid.mode & 0o7777, suid.uid, suid.mtimeMs], [0o4755, 7, 1_700_000_000_000]);
      const sparse = readFileSync(join(directory, 'sparse'));
      assert.deepEqual([sparse.length, sparse[10], sparse[1_000_000]], [2_000_000, 65, 66]);
      assert.ok(lstatSync(join(directory, 'sparse')).blocks * 512 < 100_000);
      assert.deepEqual(['twice', 'hard'].map((name) => readFileSync(join(directory, name), 'utf8')), ['2', '1']);
    });
  });

  test('a client that goes away in the middle leaves nothing', async () => {
    const bytes = archive(layer({ name: 'a', body: Buffer.alloc(2_000_000) }));
    const broken = async function* (): AsyncGenerator<Uint8Array> { yield bytes.subarray(0, 1_000_000); throw new Error('connection lost'); };
    await assert.rejects(images.service.load(broken(), { quiet: true, onProgress: () => undefined }), /connection lost/);
    await nothingLeft();
  });
});
