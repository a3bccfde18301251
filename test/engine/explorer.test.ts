import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { globSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { FileDifference, ImageFile, ImageLayers, ImageWaste } from '../../src/api/wire/explorer.ts';
import { exec } from '../../src/base/exec.ts';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Engine, ENGINE_TOOLS } from '../fixtures/engine.ts';
import { IMAGE_TOOLS, type TestImages, testImages } from '../fixtures/images.ts';
import { type RawEntry, rawTar } from '../fixtures/raw-tar.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch, uniqueName } from '../fixtures/scratch.ts';
import { checkShape, DIFFERENCE, FILE, LAYERS, type Schema, WASTE } from './explorer-shapes.ts';

const skip = missing({ root: true, tools: ['docker', 'du', ...ENGINE_TOOLS, ...IMAGE_TOOLS], filesystems: ['overlay'] });

/** `mode|uid|gid|size|digest` by path, as a container shows its files; of directories and symlinks no size. */
type Seen = Map<string, string>;

for (const driver of ['overlay', 'native'] as const) {
  describe(`layer explorer on ${driver}`, { skip, concurrency: false, timeout: 300_000 }, () => {
    const cleanup = new AsyncDisposableStack();
    let scratch: Scratch;
    let engine: Engine;
    let docker: DockerCli;
    let images: TestImages;
    before(async () => {
      images = await testImages();
      scratch = cleanup.use(await Scratch.create('explore'));
      const config = scratch.file('daemon.json');
      writeFileSync(config, JSON.stringify({ 'storage-driver': driver }));
      engine = cleanup.use(await Engine.start({ args: ['--config-file', config] }));
      docker = cleanup.use(await DockerCli.create(engine.socketPath));
      for (const archive of [images.busybox, images.layers]) await loadFile(archive);
      for (const image of ['busybox', 'layers']) seen.set(image, await seenIn(image));
    });
    after(() => cleanup.disposeAsync());

    const get = async <T>(path: string, shape: Schema): Promise<T> => {
      const reply = await engine.api.get(`/v1.44/strata/images/${path}`);
      assert.equal(reply.status, 200, reply.text);
      checkShape(reply.as<unknown>(), shape, path);
      return reply.as<T>();
    };
    const lines = async <T>(path: string, shape: Schema): Promise<T[]> => {
      const reply = await engine.api.get(`/strata/images/${path}`);
      assert.equal(reply.status, 200, reply.text);
      for (const line of reply.lines<unknown>()) checkShape(line, shape, path);
      return reply.lines<T>();
    };
    const layersOf = (name: string): Promise<ImageLayers> => get(`${name}/layers`, LAYERS);
    const filesOf = (name: string, query = 'recursive=1'): Promise<ImageFile[]> => lines(`${name}/files?${query}`, FILE);
    const loadBytes = async (body: Buffer): Promise<void> => {
      const reply = await engine.api.call('POST', '/images/load?quiet=1', { body });
      assert.match(reply.text, /Loaded image/);
    };
    const loadFile = (path: string): Promise<void> => loadBytes(readFileSync(path));
    const load = (name: string, ...layers: RawEntry[][]): Promise<void> => loadBytes(dockerArchive(name, layers));
    const remove = async (...names: string[]): Promise<void> => { for (const name of names) assert.equal((await engine.api.delete(`/images/${name}`)).status, 200, name); };
    const refused = async (path: string, status: number, message: RegExp): Promise<void> => {
      const reply = await engine.api.get(`/strata/images/${path}`);
      assert.equal(reply.status, status, reply.text);
      assert.match(reply.message, message);
    };
    // Of blobs, the files: the store's own folders around them come and go with any blob.
    const disk = async (): Promise<number> => {
      const layers = Number((await exec('du', ['-s', '-B1', `${engine.dataRoot}/${driver}`])).stdout.split('\t')[0]);
      const blobs = (await exec('find', [`${engine.dataRoot}/content`, '-type', 'f', '-printf', '%b\n'])).stdout.split('\n').reduce((sum, blocks) => sum + Number(blocks) * 512, 0);
      return layers + blobs;
    };

    /** Every file of a container of an image but what the engine puts into it. */
    const seenIn = async (image: string): Promise<Seen> => {
      const listing = "find / -xdev -exec stat -c '%f|%u|%g|%s|%n' {} +; echo; find / -xdev -type f -exec sha256sum {} +";
      const [stats = '', sums = ''] = (await docker.ok('run', '--rm', '--network', 'none', image, 'sh', '-c', listing)).split('\n\n');
      const digests = new Map(sums.split('\n').map((line) => [line.slice(66), line.slice(0, 64)]));
      const own = /^\/(|dev|proc|sys|\.dockerenv|etc\/(hosts|hostname|mtab|resolv\.conf)|(dev|proc|sys)\/.*)$/;
      return new Map(stats.split('\n').flatMap((line) => {
        const [mode = '', uid = '', gid = '', size = '', path = ''] = line.split('|');
        if (own.test(path) || (path === '/etc' && image === 'layers')) return [];
        const isFile = (Number.parseInt(mode, 16) & 0o170000) === 0o100000;
        return [[path, [mode, uid, gid, isFile ? size : '', isFile ? (digests.get(path) ?? '') : ''].join('|')]];
      }));
    };
    const seen = new Map<string, Seen>();
    const shown = (image: string): Seen => seen.get(image) ?? new Map<string, string>();

    test('all layers together are what a container finds: paths, kinds, modes, owners, sizes, digests', async () => {
      for (const image of ['layers', 'busybox']) {
        const told = new Map((await filesOf(image)).map((file) => [file.Path, factsOf(file)]));
        const container = shown(image);
        for (const path of ['/dev', '/proc', '/sys']) told.delete(path);
        assert.ok(container.size > 20);
        assert.deepEqual([...told].sort(), [...container].sort(), image);
      }
      assert.deepEqual((await filesOf('layers', 'path=/data/symlink')).map(({ Kind, Target }) => [Kind, Target]), [['symlink', '../data/kept']]);
    });

    test('tells who added, overwrote and removed what, layer by layer', async () => {
      const { Layers } = await layersOf('layers');
      assert.deepEqual(Layers.map(({ Number, Overwritten, Removed }) => [Number, Overwritten, Removed]), [[1, 0, 0], [2, 1, 0], [3, 0, 1], [4, 0, 3]]);
      const steps = new Map((await filesOf('layers', 'path=data&recursive=1&removed=1')).map(({ Path, Steps }) => [Path, Steps.map(({ Layer, Change }) => `${String(Layer)} ${Change}`).join(', ')]));
      assert.equal(steps.get('/data/kept'), '1 added');
      assert.equal(steps.get('/data/changed'), '1 added, 2 overwritten');
      assert.equal(steps.get('/data/removed'), '1 added, 3 removed');
      assert.equal(steps.get('/data/opaque'), '1 added');
      assert.equal(steps.get('/data/opaque/deep/below'), '1 added, 4 removed');
      assert.equal(steps.get('/data/opaque/above'), '4 added');
      const changes = async (layer: number): Promise<string[]> => (await filesOf('layers', `layer=${String(layer)}&recursive=1`)).filter(({ Change }) => Change !== 'none').map(({ Path, Change }) => `${Change ?? ''} ${Path}`);
      assert.deepEqual(await changes(2), ['overwritten /data/changed']);
      assert.deepEqual(await changes(3), ['removed /data/removed']);
      assert.deepEqual(await changes(4), ['added /data/opaque/above', 'removed /data/opaque/below', 'removed /data/opaque/deep', 'removed /data/opaque/deep/below']);
      assert.deepEqual((await filesOf('layers', 'layer=2')).map(({ Path, Change, Size }) => [Path, Change, Size]), [['/data', 'none', 4]]);
    });

    test('the difference of two images is that of their containers', async () => {
      const [from, to] = [shown('busybox'), shown('layers')];
      const expected = [...new Set([...from.keys(), ...to.keys()])].filter((path) => from.get(path) !== to.get(path))
        .map((path) => `${from.has(path) ? (to.has(path) ? 'changed' : 'removed') : 'added'} ${path}`).sort();
      const ignored = /^\/(dev|proc|sys|etc)$/;
      const told = await lines<FileDifference>('diff?from=busybox&to=layers', DIFFERENCE);
      assert.deepEqual(told.filter(({ Path }) => !ignored.test(Path)).map(({ Change, Path }) => `${Change} ${Path}`).sort(), expected.filter((line) => !ignored.test(line.split(' ')[1] ?? '')));
      assert.deepEqual(await lines('diff?from=busybox&to=busybox:1', DIFFERENCE), []);
    });

    test('waste is every stored byte that nobody sees, once', async () => {
      const { files, layers } = await tarFiles(images.layers, scratch);
      // Nothing in the archive is replaced by the same bytes, so a version is seen when its size is there in the end and no later layer has the path.
      const wasted = files.filter(({ path, layer, size }) => size > 0 && (!shown('layers').has(path) || layers.some((paths, index) => index > layer && paths.has(path))));
      const waste = await get<ImageWaste>('layers/waste', WASTE);
      assert.equal(waste.StoredBytes, files.reduce((sum, { size }) => sum + size, 0));
      assert.equal(waste.WastedBytes, wasted.reduce((sum, { size }) => sum + size, 0));
      assert.deepEqual(waste.Paths.map(({ Path }) => Path).sort(), wasted.map(({ path }) => path).sort());

      const bytes = (count: number, fill: string): Buffer => Buffer.alloc(count, fill);
      await load('twice',
        [{ name: 'a', body: bytes(1000, '1') }, { name: 'b', type: '1', link: 'a' }, { name: 'c', body: bytes(50, '1') }, { name: 'caf\xe9', body: bytes(7, '1') }],
        [{ name: 'a', body: bytes(2000, '2') }, { name: 'c', body: bytes(50, '1') }], [{ name: 'a', body: bytes(300, '3') }], [{ name: '.wh.a' }, { name: '.wh.caf\xe9' }]);
      const twice = await get<ImageWaste>('twice/waste', WASTE);
      // The first `a` lives on as `b`; the second and the third are lost, each once; `c` was stored twice with the same bytes.
      assert.deepEqual([twice.StoredBytes, twice.WastedBytes, twice.PathCount], [3407, 2357, 3]);
      assert.equal(twice.Efficiency, 1050 / 3407);
      assert.deepEqual(twice.Paths[0], { Path: '/a', WastedBytes: 2300, Versions: [{ Layer: 2, Bytes: 2000, HiddenBy: 3, How: 'overwritten' }, { Layer: 3, Bytes: 300, HiddenBy: 4, How: 'removed' }] });
      const odd = twice.Paths.find(({ PathBytes }) => PathBytes !== undefined);
      assert.equal(Buffer.from(odd?.PathBytes ?? '', 'base64').toString('latin1'), '/caf\xe9');
      assert.deepEqual((await filesOf('twice', `removed=1&pathBytes=${encodeURIComponent(odd?.PathBytes ?? '')}`)).map(({ Size, Steps }) => [Size, Steps.length]), [[7, 2]]);
      assert.equal((await get<ImageWaste>('twice/waste?limit=1', WASTE)).Paths.length, 1);
      await remove('twice');
    });

    test('what deletion frees is what the disk gets back: shared layers and blobs, stopped and running containers', async () => {
      await loadFile(await sharingBusybox(images, scratch));
      const promised = async (name: string): Promise<number> => (await layersOf(name)).Deletion.FreedBytes;
      const really = async (remove: () => Promise<unknown>): Promise<number> => { const before = await disk(); await remove(); return before - await disk(); };
      const before = await layersOf('sharing');
      assert.deepEqual(before.Layers.map(({ SharedWith, FreedBytes }) => [SharedWith.map(({ RepoTags }) => RepoTags.length), FreedBytes > 0]), [[[2], false], [[2], false], [[2], false], [[2], false], [[], true]]);
      assert.equal(before.Layers.reduce((sum, { FreedBytes }) => sum + FreedBytes, 0), before.Deletion.LayerBytes + before.Deletion.BlobBytes - await manifestBytes(before));
      assert.equal(before.Deletion.FreedBytes, await really(() => remove('sharing')));

      const name = uniqueName('c');
      await docker.ok('run', '-d', '--name', name, 'busybox', 'sleep', '1000');
      const running = (await layersOf('busybox')).Deletion;
      assert.deepEqual([running.Blocked, running.FreedBytes, running.Containers.map(({ Running }) => Running)], [true, 0, [true]]);
      await docker.ok('kill', name);
      await docker.ok('wait', name);
      const stopped = (await layersOf('busybox')).Deletion;
      assert.deepEqual([stopped.Blocked, stopped.LayerBytes, stopped.Containers.length], [false, 0, 1]);
      assert.ok(stopped.BlobBytes > 0);
      await docker.ok('rm', name);
      const whole = await promised('busybox');
      assert.ok(whole > stopped.FreedBytes);
      assert.equal(whole, await really(() => remove('busybox:latest', 'busybox:1')));
      await loadFile(images.busybox);
    });

    test('an index that is lost or spoilt is made anew, the same; it goes with its layer', async () => {
      const sidecars = (): string[] => globSync(`${engine.dataRoot}/${driver}/*/sidecar`);
      const before = [await layersOf('layers'), await filesOf('layers')];
      const kept = sidecars();
      assert.ok(kept.length >= 8);
      const bytes = kept.map((path) => readFileSync(path));
      for (const [index, path] of kept.entries()) if (index % 2 === 0) rmSync(path); else truncateSync(path, 40);
      assert.deepEqual([await layersOf('layers'), await filesOf('layers')], before);
      await layersOf('busybox');
      assert.deepEqual(kept.map((path) => readFileSync(path)), bytes);
      await load('passing', [{ name: 'file', body: 'x' }]);
      assert.equal(sidecars().length, kept.length + 1);
      await remove('passing');
      assert.deepEqual(sidecars().sort(), kept.sort());
    });

    test('tells which step made a layer, also of steps that made none', async () => {
      await load('told', [{ name: 'etc', type: '5' }, { name: 'etc/a', body: 'x' }], [{ name: 'etc/a', body: 'y' }]);
      const { Layers, Steps } = await layersOf('told');
      assert.deepEqual(Layers.map(({ CreatedBy, Comment }) => [CreatedBy, Comment]), [['step 1', 'comment 1'], ['step 2', 'comment 2']]);
      assert.deepEqual(Steps.map(({ CreatedBy, Layer }) => [CreatedBy, Layer]), [['empty 0', undefined], ['step 1', 1], ['empty 1', undefined], ['step 2', 2], ['empty 2', undefined]]);
      assert.equal(Layers[1]?.Parent, Layers[0]?.ChainId);
      assert.equal((await layersOf('layers')).Layers[0]?.CreatedBy, 'umoci insert');
      await remove('told');
    });

    test('a file in the place of a directory, a directory in that of a link, and links on the way', async () => {
      await load('odd',
        [{ name: 'd', type: '5' }, { name: 'd/x', body: '12' }, { name: 'lib', type: '2', link: 'usr/lib' }, { name: 'usr/lib', type: '5' }, { name: 'usr/lib/so', body: '123' }, { name: 'loop', type: '2', link: 'loop' }],
        [{ name: 'd', body: 'now a file' }]);
      assert.deepEqual((await filesOf('odd', 'removed=1&recursive=1&path=d')).map(({ Path, Kind, Steps }) => [Path, Kind, Steps.map(({ Change }) => Change)]),
        [['/d', 'file', ['added', 'overwritten']], ['/d/x', 'file', ['added', 'removed']]]);
      assert.deepEqual((await filesOf('odd', 'path=/lib/../lib/so')).map(({ Path }) => Path), ['/usr/lib/so']);
      assert.deepEqual((await filesOf('odd', 'path=/lib/')).map(({ Path }) => Path), ['/usr/lib/so']);
      await refused('odd/files?path=/loop/x', 404, /no such file/);
      await remove('odd');
    });

    test('what is not there is refused by name', async () => {
      for (const what of ['layers', 'files', 'waste']) await refused(`nope/${what}`, 404, /No such image: nope:latest/);
      await refused('diff?from=layers&to=nope', 404, /No such image: nope:latest/);
      await refused('diff?from=layers', 400, /from and to/);
      await refused('layers/files?path=/data/nope', 404, /no such file or directory in image layers: \/data\/nope/);
      await refused('layers/files?path=/data/removed', 404, /no such file/);
      await refused('layers/files?layer=5', 400, /no such layer in image layers: 5 \(it has layers 1 to 4\)/);
      await refused('layers/files?layer=x', 400, /not a whole number/);
      await refused('layers/waste?limit=-1', 400, /negative/);
    });

    const manifestBytes = async ({ Id, Layers }: ImageLayers): Promise<number> => {
      const { Deletion } = await layersOf(Id);
      const blobs = Layers.filter(({ FreedBytes }) => FreedBytes > 0).map(({ Blob }) => `${engine.dataRoot}/content/blobs/${Blob.slice(7, 9)}/${Blob.slice(7)}`);
      return Deletion.BlobBytes - Number((await exec('du', ['-c', '-B1', ...blobs])).stdout.split('\n').at(-2)?.split('\t')[0]);
    };
  });
}

/** An image of busybox's four layers and one more, by other people's tools. */
async function sharingBusybox(images: TestImages, scratch: Scratch): Promise<string> {
  const layout = scratch.file('sharing-layout');
  const file = scratch.file('sharing.tar');
  await exec('skopeo', ['--insecure-policy', 'copy', '-q', `oci:${images.busyboxLayout}:busybox:latest`, `oci:${layout}:latest`]);
  writeFileSync(scratch.file('more'), Buffer.alloc(100_000, 'more'));
  await exec('umoci', ['insert', '--image', `${layout}:latest`, scratch.file('more'), '/more']);
  await exec('skopeo', ['--insecure-policy', 'copy', '-q', `oci:${layout}:latest`, `docker-archive:${file}:sharing:latest`]);
  return file;
}

/** Every regular file of every layer of a docker archive, by tar's own list; and all paths of each layer. */
async function tarFiles(archive: string, scratch: Scratch): Promise<{ files: { layer: number; path: string; size: number }[]; layers: Set<string>[] }> {
  const [{ Layers }] = JSON.parse((await exec('tar', ['-xOf', archive, 'manifest.json'])).stdout) as [{ Layers: string[] }];
  await mkdir(scratch.file('tars'), { recursive: true });
  await exec('tar', ['-xf', archive, '-C', scratch.file('tars'), ...Layers]);
  // umoci leaves out the end of an archive, without which tar complains.
  const whole = (name: string): Buffer => { const bytes = readFileSync(scratch.file(`tars/${name}`)); return Buffer.concat([bytes, Buffer.alloc(1024 - (bytes.length % 512))]); };
  const lists = await Promise.all(Layers.map(async (name) => (await exec('tar', ['-tv', '--quoting-style=literal'], { input: whole(name) })).stdout.split('\n').flatMap((line) => {
    const [, type, size, path] = /^(.)\S+ +\S+ +(\d+) \S+ \S+ (?:\.?\/)?(.*?)(?: -> .*| link to .*)?$/.exec(line) ?? [];
    return path === undefined ? [] : [{ type, size: Number(size), path: `/${path.replace(/\/$/, '')}` }];
  })));
  return {
    files: lists.flatMap((list, layer) => list.filter(({ type, path }) => type === '-' && !path.includes('/.wh.')).map(({ size, path }) => ({ layer, path, size }))),
    layers: lists.map((list) => new Set(list.map(({ path }) => path))),
  };
}

/** With a step in the history for each layer, and steps without one between. */
function dockerArchive(name: string, layers: readonly RawEntry[][]): Buffer {
  const tars = layers.map((entries) => rawTar(entries));
  const empty = (index: number): object => ({ created: '2026-01-01T00:00:00Z', created_by: `empty ${String(index)}`, empty_layer: true });
  const config = JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', os: 'linux', created: '2026-01-01T00:00:00Z', config: {},
    rootfs: { type: 'layers', diff_ids: tars.map((tar) => `sha256:${createHash('sha256').update(tar).digest('hex')}`) },
    history: [empty(0), ...tars.flatMap((_, index) => [{ created: '2026-01-01T00:00:00Z', created_by: `step ${String(index + 1)}`, comment: `comment ${String(index + 1)}` }, empty(index + 1)])],
  });
  return rawTar([
    ...tars.map((body, index) => ({ name: `${String(index)}.tar`, body })), { name: 'config.json', body: config },
    { name: 'manifest.json', body: JSON.stringify([{ Config: 'config.json', RepoTags: [`${name}:latest`], Layers: tars.map((_, index) => `${String(index)}.tar`) }]) },
  ]);
}

/** As `stat` tells them: raw mode, owner, size and digest of files. */
function factsOf({ Kind, Mode, Uid, Gid, Size, Digest }: ImageFile): string {
  const type = { file: 0o100000, directory: 0o040000, symlink: 0o120000, char: 0o020000, block: 0o060000, fifo: 0o010000 }[Kind];
  return [(type | Mode).toString(16), Uid, Gid, Kind === 'file' ? Size : '', Kind === 'file' ? (Digest ?? '').replace('sha256:', '') : ''].join('|');
}
