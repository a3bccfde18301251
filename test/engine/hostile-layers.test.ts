import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { silentLogger } from '../../src/base/log.ts';
import { openImages, type OpenedImages } from '../../src/engine/images/open-images.ts';
import { MEDIA_TYPES } from '../../src/engine/images/manifest.ts';
import { parseReference } from '../../src/engine/images/reference.ts';
import { type OpenedTransfers, openTransfers } from '../../src/engine/images/transfer/open-transfers.ts';
import { getXattr, listXattrs } from '../../src/engine/linux/file-attributes.ts';
import { OverlaySnapshotter } from '../../src/engine/snapshots/overlay-snapshotter.ts';
import { type Database, openDatabase } from '../../src/engine/store/database.ts';
import { type RawEntry, rawTar } from '../fixtures/raw-tar.ts';
import { missing } from '../fixtures/requirements.ts';
import { REGISTRY_TOOLS, RegistryProgram } from '../registry/registry-program.ts';
import { publish, registries, sampleOf } from '../registry/sample.ts';

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
const up = '../'.repeat(12);

interface Hostile {
  layers: readonly Buffer[];
  /** Overrides of the image's config. */
  config?: object;
  /** The message of the refusal, or what is to be found in the top layer's own directory. */
  outcome: RegExp | ((directory: string, root: string) => void);
}

const layer = (...entries: RawEntry[]): readonly Buffer[] => [rawTar(entries)];
const longName = (name: string): RawEntry => ({ name: '././@LongLink', type: 'L', body: `${name}\0` });
const longLink = (name: string): RawEntry => ({ name: '././@LongLink', type: 'K', body: `${name}\0` });
const holds = (name: string, content: string) => (directory: string): void => { assert.equal(readFileSync(join(directory, name), 'utf8'), content); };
const xattrsOf = (path: string): string[] => listXattrs(Buffer.from(path)).toSorted();

/** What a layer can hold that no tool would write, and what becomes of it, however it comes here. */
function kinds(outside: string): Readonly<Record<string, Hostile>> {
  return {
    'a name that leads out': { layers: layer({ name: `${up}outside/new`, body: 'x' }), outcome: /leads out/ },
    'a pax name that leads out': { layers: layer({ name: 'a', body: 'x', pax: { path: `${up}outside/new` } }), outcome: /leads out/ },
    'a long name that leads out': { layers: layer(longName(`${up}outside/new`), { name: 'a', body: 'x' }), outcome: /leads out/ },
    'a chain of long names: the last one holds': { layers: layer(longName(`${up}outside/new`), longName('second'), { name: 'a', body: 'x' }), outcome: holds('second', 'x') },
    'an absolute name': { layers: layer({ name: join(outside, 'new'), body: 'x' }), outcome: (directory) => { assert.ok(existsSync(join(directory, outside, 'new'))); } },
    'a hard link that leads out': { layers: layer({ name: 'a', type: '1', link: `${up}outside/victim` }), outcome: /leads out/ },
    'a pax hard link that leads out': { layers: layer({ name: 'a', type: '1', link: 'b', pax: { linkpath: `${up}outside/victim` } }), outcome: /leads out/ },
    'a long hard link that leads out': { layers: layer(longLink(`${up}outside/victim`), { name: 'a', type: '1', link: 'b' }), outcome: /leads out/ },
    'a hard link over a symlink that leads out': { layers: layer({ name: 's', type: '2', link: outside }, { name: 'a', type: '1', link: 's/victim' }), outcome: /not in this layer/ },
    'a hard link to a symlink is one more symlink': { layers: layer({ name: 's', type: '2', link: join(outside, 'victim') }, { name: 'a', type: '1', link: 's' }), outcome: (directory) => { assert.equal(readlinkSync(join(directory, 'a')), join(outside, 'victim')); } },
    'a hard link to a whiteout': { layers: layer({ name: '.wh.gone' }, { name: 'a', type: '1', link: 'gone' }), outcome: /not in this layer/ },
    'a hard link to a directory': { layers: layer({ name: 'd', type: '5' }, { name: 'a', type: '1', link: 'd' }), outcome: /not in this layer/ },
    'a hard link to itself': { layers: layer({ name: 'a', body: 'x' }, { name: 'a', type: '1', link: 'a' }), outcome: /not in this layer/ },
    'a parent that becomes a symlink': {
      layers: layer({ name: 'd', type: '5' }, { name: 'd/a', body: '1' }, { name: 'd', type: '2', link: outside }, { name: 'd/b', body: '2' }),
      outcome: (directory) => { assert.equal(readFileSync(join(directory, outside, 'b'), 'utf8'), '2'); },
    },
    'a grandparent that becomes a symlink': {
      layers: layer({ name: 'd/e/a', body: '1' }, { name: 'd', type: '2', link: `${up}outside` }, { name: 'd/e/b', body: '2' }),
      outcome: (directory) => { assert.equal(readFileSync(join(directory, 'outside/e/b'), 'utf8'), '2'); },
    },
    'a whiteout through a symlink': { layers: layer({ name: 'd', type: '2', link: outside }, { name: 'd/.wh.victim' }), outcome: (directory) => { assert.ok(lstatSync(join(directory, outside, 'victim')).isCharacterDevice()); } },
    'an opaque mark through a symlink': { layers: layer({ name: 'd', type: '2', link: `${up}outside` }, { name: 'd/.wh..wh..opq' }), outcome: (directory) => { assert.equal(getXattr(Buffer.from(join(directory, 'outside')), 'trusted.overlay.opaque')?.toString(), 'y'); } },
    'a whiteout of the root': { layers: layer({ name: '.wh.' }), outcome: /whiteout/ },
    'a whiteout of the parent': { layers: layer({ name: 'd/.wh...' }), outcome: /whiteout/ },
    'an opaque root': { layers: [...layer({ name: 'below', body: 'x' }), ...layer({ name: '.wh..wh..opq' }, { name: 'above', body: 'x' })], outcome: (directory) => { assert.deepEqual(readdirSync(directory), ['above']); } },
    'marks of aufs': { layers: layer({ name: '.wh..wh.aufs', body: 'x' }, { name: '.wh..wh..opq.wh.x' }, { name: 'a', body: 'x' }), outcome: (directory) => { assert.deepEqual(readdirSync(directory), ['a']); } },
    'a whiteout with a body': { layers: layer({ name: '.wh.gone', body: 'x'.repeat(3000) }, { name: 'a', body: 'x' }), outcome: holds('a', 'x') },
    "overlayfs' own attributes": {
      layers: layer({ name: 'd', type: '5', pax: Object.fromEntries(['opaque', 'redirect', 'metacopy', 'origin', 'upper'].flatMap((name) => [[`SCHILY.xattr.trusted.overlay.${name}`, 'y'], [`SCHILY.xattr.user.overlay.${name}`, 'y']])) }),
      outcome: (directory) => { assert.deepEqual(xattrsOf(join(directory, 'd')), []); },
    },
    'an attribute larger than Linux allows': { layers: layer({ name: 'a', pax: { 'SCHILY.xattr.user.big': 'x'.repeat(70_000) } }), outcome: /invalid layer/ },
    'a name of an attribute longer than Linux allows': { layers: layer({ name: 'a', pax: { [`SCHILY.xattr.user.${'n'.repeat(300)}`]: 'x' } }), outcome: /invalid layer/ },
    'a capability that is none': { layers: layer({ name: 'a', pax: { 'SCHILY.xattr.security.capability': 'nonsense' } }), outcome: /invalid layer/ },
    'an attribute of a namespace that does not exist': { layers: layer({ name: 'a', body: 'x', pax: { 'SCHILY.xattr.nonsense.a': 'x' } }), outcome: holds('a', 'x') },
    'a pax size beyond the archive': { layers: layer({ name: 'a', body: 'x', pax: { size: '500000' } }), outcome: /truncated/ },
    'a pax size below zero': { layers: layer({ name: 'a', body: 'x', pax: { size: '-1' } }), outcome: /out of range/ },
    'a pax size beyond all numbers': { layers: layer({ name: 'a', body: 'x', pax: { size: '99999999999999999999' } }), outcome: /out of range/ },
    'a pax size of the bytes that are there, over a header that lies': { layers: layer({ name: 'a', body: 'abc', size: 0, pax: { size: '3' } }, { name: 'b', body: 'x' }), outcome: holds('a', 'abc') },
    'a size in base 256': { layers: layer({ name: 'a', body: 'abc', patch: { 124: '\x80\0\0\0\0\0\0\0\0\0\0\x03' } }), outcome: holds('a', 'abc') },
    'a negative size in base 256': { layers: layer({ name: 'a', patch: { 124: '\xff'.repeat(12) } }), outcome: /out of range/ },
    'a sparse file whose map overlaps': { layers: layer({ name: 'a', body: 'xy', pax: { 'GNU.sparse.map': '5,1,5,1', 'GNU.sparse.size': '10' } }), outcome: /sparse map/ },
    'a sparse file larger than a file system': { layers: layer({ name: 'a', pax: { 'GNU.sparse.map': '', 'GNU.sparse.size': '9007199254740991' } }), outcome: /invalid layer/ },
    'a sparse file of a terabyte takes no room': { layers: layer({ name: 'a', pax: { 'GNU.sparse.map': '', 'GNU.sparse.size': '1099511627776' } }), outcome: (directory) => { const { size, blocks } = lstatSync(join(directory, 'a')); assert.deepEqual([size, blocks], [1_099_511_627_776, 0]); } },
    'an owner beyond all numbers': { layers: layer({ name: 'a', pax: { uid: '4294967296' } }), outcome: /invalid layer/ },
    'a time beyond all numbers': { layers: layer({ name: 'a', pax: { mtime: '9'.repeat(40) } }), outcome: /out of range/ },
    'a NUL in a pax name': { layers: layer({ name: 'a', pax: { path: 'a\0b' } }), outcome: /NUL/ },
    'a NUL in a pax link': { layers: layer({ name: 'a', type: '2', link: 'x', pax: { linkpath: 'a\0b' } }), outcome: /NUL/ },
    'a symlink to nothing at all': { layers: layer({ name: 'a', type: '2', link: '' }), outcome: /invalid layer/ },
    'a symlink longer than Linux allows': { layers: layer({ name: 'a', type: '2', pax: { linkpath: 'x'.repeat(5000) } }), outcome: /invalid layer/ },
    'no name at all': { layers: layer({ name: '', body: 'x' }), outcome: /root directory/ },
    'a part of a name longer than Linux allows': { layers: layer({ name: 'a', pax: { path: 'n'.repeat(300) } }), outcome: /invalid layer/ },
    'directories nested deeper than a path can be': { layers: layer({ name: 'a', pax: { path: `${'d/'.repeat(2040)}f` } }), outcome: /invalid layer/ },
    'directories nested deep': { layers: layer({ name: 'a', body: 'x', pax: { path: `${'d/'.repeat(1000)}f` } }), outcome: holds(`${'d/'.repeat(1000)}f`, 'x') },
    'a directory entry with a body': { layers: layer({ name: 'd', type: '5', body: 'x'.repeat(600) }), outcome: /checksum|octal/ },
    'duplicates: the last one holds': { layers: layer({ name: 'a', body: '1' }, { name: 'a', type: '5' }, { name: 'a/b', body: '2' }, { name: 'a', body: '3' }), outcome: holds('a', '3') },
    'device nodes': { layers: layer({ name: 'mem', type: '3', device: [1, 1] }, { name: 'disk', type: '4', device: [8, 0] }), outcome: (directory) => { assert.ok(lstatSync(join(directory, 'mem')).isCharacterDevice() && lstatSync(join(directory, 'disk')).isBlockDevice()); } },
    'a name that is no UTF-8': { layers: layer({ name: 'caf\xe9', body: 'x' }), outcome: (directory) => { assert.deepEqual(readdirSync(directory, { encoding: 'latin1' }), ['caf\xe9']); } },
    'a kind of entry that nobody knows': { layers: layer({ name: 'a', type: 'Z' }), outcome: /unsupported kind/ },
    'a giant extended header': { layers: layer({ name: 'a', type: 'x', size: 100_000_000 }), outcome: /extended header/ },
    'a giant global header': { layers: layer({ name: 'a', type: 'g', size: 100_000_000 }), outcome: /extended header/ },
    'a wrong checksum': { layers: layer({ name: 'a', badChecksum: true }), outcome: /checksum/ },
    'nothing but a compressed flood of zeros behind its end': { layers: [gzipSync(Buffer.concat([rawTar([{ name: 'a', body: 'x' }]), Buffer.alloc(48_000_000)]))], outcome: holds('a', 'x') },
    'twenty thousand files': { layers: layer(...Array.from({ length: 20_000 }, (_, index) => ({ name: `f${index}` }))), outcome: (directory) => { assert.equal(readdirSync(directory).length, 20_000); } },
    'the same layer twice': { layers: [...layer({ name: 'a', body: 'x' }), ...layer({ name: 'a', body: 'x' })], outcome: holds('a', 'x') },
    'a config that names another layer': { layers: layer({ name: 'a' }), config: { rootfs: { type: 'layers', diff_ids: [`sha256:${'1'.repeat(64)}`] } }, outcome: /wrong layer|layer verification failed|does not match/ },
    'a config that names more layers': { layers: layer({ name: 'a' }), config: { rootfs: { type: 'layers', diff_ids: [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`] } }, outcome: /layers/ },
    'a rootfs that is none': { layers: layer({ name: 'a' }), config: { rootfs: { type: 'windows', diff_ids: [] } }, outcome: /rootfs/ },
    'keys of prototypes': { layers: layer({ name: 'a', body: 'x' }), config: { config: JSON.parse('{"Labels":{"__proto__":"x","constructor":"y","toString":"z"},"Env":["__proto__=1"]}') as object }, outcome: holds('a', 'x') },
    'strings of a megabyte': { layers: layer({ name: 'a', body: 'x' }), config: { author: 'x'.repeat(1_000_000), config: { Labels: { long: 'y'.repeat(1_000_000) } } }, outcome: holds('a', 'x') },
  };
}

const configOf = ({ layers, config }: Hostile): Buffer => Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: layers.map((body) => `sha256:${sha256(plainOf(body))}`) }, ...config }));
const plainOf = (body: Buffer): Buffer => (body[0] === 0x1f ? gunzipSync(body) : body);

function archiveOf(hostile: Hostile): Buffer {
  const names = hostile.layers.map((_, index) => `layer${index}.tar`);
  return rawTar([
    ...hostile.layers.map((body, index) => ({ name: names[index] ?? '', body })), { name: 'config.json', body: configOf(hostile) },
    { name: 'manifest.json', body: JSON.stringify([{ Config: 'config.json', RepoTags: ['hostile:latest'], Layers: names }]) },
  ]);
}

describe('hostile layers', { skip: missing({ root: true, tools: [...REGISTRY_TOOLS], filesystems: ['overlay'] }), concurrency: false, timeout: 240_000 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'strata-hostile-'));
  const outside = join(root, 'outside');
  const cleanup = new AsyncDisposableStack();
  let registry: RegistryProgram;
  let database: Database;
  let images: OpenedImages;
  let transfers: OpenedTransfers;

  before(async () => {
    mkdirSync(outside);
    writeFileSync(join(outside, 'victim'), 'untouched');
    registry = cleanup.use(await RegistryProgram.start());
    database = cleanup.use(openDatabase(':memory:', silentLogger));
    const snapshotter = new OverlaySnapshotter(database, join(root, 'data/overlay'));
    images = await openImages({ config: { dataRoot: join(root, 'data') }, database, snapshotter, log: silentLogger, architecture: 'amd64', users: () => [], announce: () => undefined });
    cleanup.defer(() => images.close());
    const config = { registryMirrors: [], insecureRegistries: [], maxConcurrentDownloads: 3, maxConcurrentUploads: 5 };
    transfers = cleanup.use(openTransfers({ config, ...images, announce: () => undefined, version: 'test', log: silentLogger }));
  });
  after(async () => {
    await cleanup.disposeAsync();
    rmSync(root, { recursive: true, force: true });
  });

  const load = (bytes: Buffer): Promise<void> => images.service.load((async function* () { for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536); })(), { quiet: true, onProgress: () => undefined });
  const pull = (name: string): Promise<void> => transfers.puller.pull(parseReference(name), { visitor: {}, onProgress: () => undefined });
  const nothingLeft = async (): Promise<void> => {
    images.content.dropBegun();
    await images.collector.collect();
    assert.equal(images.service.list({ filters: new Map(), all: true }).length, 0, 'images');
    assert.deepEqual(await Array.fromAsync(images.content.list()), [], 'blobs');
    for (const directory of ['content/ingest', 'content/partial', 'overlay']) assert.deepEqual(readdirSync(join(root, 'data', directory)), [], directory);
    assert.deepEqual(readdirSync(outside), ['victim']);
    assert.equal(readFileSync(join(outside, 'victim'), 'utf8'), 'untouched');
    assert.deepEqual(readdirSync(root).toSorted(), ['data', 'outside']);
  };
  const judge = async (work: Promise<void>, name: string, { outcome }: Hostile): Promise<void> => {
    if (outcome instanceof RegExp) await assert.rejects(work, outcome);
    else {
      await work;
      const { top } = await images.service.inspect(name);
      outcome(top?.directory ?? '', root);
      await images.service.remove(name, { force: true, prune: true });
    }
    await nothingLeft();
  };

  let count = 0;
  for (const [what, hostile] of Object.entries(kinds(outside))) {
    test(what, async () => {
      await judge(load(archiveOf(hostile)), 'hostile', hostile);
      count += 1;
      const name = `${registry.authority}/hostile:${count}`;
      using access = registries();
      const config = sampleOf(configOf(hostile), MEDIA_TYPES.ociConfig);
      const layers = hostile.layers.map((body) => sampleOf(body, body[0] === 0x1f ? `${MEDIA_TYPES.ociLayer}+gzip` : MEDIA_TYPES.ociLayer));
      const plain = ({ blob: { mediaType, digest, size } }: typeof config): object => ({ mediaType, digest, size });
      const manifest = sampleOf(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: plain(config), layers: layers.map(plain) })), MEDIA_TYPES.ociManifest);
      await publish(await access.repository(parseReference(name), {}, { use: 'push' }), { layers, config, manifest }, String(count));
      await judge(pull(name), name, hostile);
    });
  }
});
