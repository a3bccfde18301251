import assert from 'node:assert/strict';
import { chmodSync, createReadStream, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import type { Logger } from '../../src/base/log.ts';
import type { Digest } from '../../src/engine/content/digest.ts';
import { openImages, type OpenedImages } from '../../src/engine/images/open-images.ts';
import { OverlaySnapshotter } from '../../src/engine/snapshots/overlay-snapshotter.ts';
import { NativeSnapshotter } from '../../src/engine/snapshots/native-snapshotter.ts';
import type { Snapshotter } from '../../src/engine/snapshots/snapshotter.ts';
import { openDatabase } from '../../src/engine/store/database.ts';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Engine, ENGINE_TOOLS, engineMissing } from '../fixtures/engine.ts';
import { BUSYBOX_FACTS, IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { tinyImage } from '../fixtures/tiny-image.ts';

interface Life extends AsyncDisposable { images: OpenedImages; snapshotter: Snapshotter; told: string[] }

/** The image half of an engine in one life of its machine. */
async function live(dataRoot: string, bootId: string, options: { storage?: 'overlay' | 'native'; keepLayerBlobs?: boolean } = {}): Promise<Life> {
  const told: string[] = [];
  const log: Logger = { debug: () => undefined, info: (message) => { told.push(message); }, warn: (message) => { told.push(message); }, error: (message) => { told.push(message); }, child: () => log };
  const database = openDatabase(`${dataRoot}/engine.db`, log);
  const snapshotter = options.storage === 'native' ? new NativeSnapshotter(database, `${dataRoot}/native`) : new OverlaySnapshotter(database, `${dataRoot}/overlay`);
  await snapshotter.recover();
  const images = await openImages({
    config: { dataRoot, ...(options.keepLayerBlobs === undefined ? {} : { keepLayerBlobs: options.keepLayerBlobs }) }, database, snapshotter, log, architecture: 'amd64', users: () => [], announce: () => undefined, bootId,
    // The real call waits for all that this machine writes.
    sync: async () => undefined,
  });
  return { images, snapshotter, told, [Symbol.asyncDispose]: async () => { await images.close(); database.close(); } };
}

const load = ({ images }: Life, archive: AsyncIterable<Uint8Array>): Promise<void> => images.service.load(archive, { quiet: true, onProgress: () => undefined });
const loadFile = (life: Life, file: string): Promise<void> => load(life, createReadStream(file));
const directoryOf = async ({ snapshotter }: Life, chainId: string): Promise<string> => (await snapshotter.stat(chainId)).directory;
const names = ({ images }: Life): string[] => images.records.allReferences().map(({ repository, tag }) => `${repository}:${String(tag)}`);
const rebuiltBy = ({ told }: Life): boolean => told.includes('image verified after a power cut');
const spoil = (path: string): void => { chmodSync(path, 0o600); writeFileSync(path, readFileSync(path).fill(0)); };
const blobsOf = async ({ images }: Life): Promise<Digest[]> => (await Array.fromAsync(images.content.list())).map(({ digest }) => digest);

describe('a power cut', { skip: missing({ root: true, tools: [...IMAGE_TOOLS], filesystems: ['overlay'] }), concurrency: false, timeout: 120_000 }, () => {
  for (const storage of ['overlay', 'native'] as const) {
    test(`files that did not get to the disk are made anew from the blobs, also below a container (${storage})`, async () => {
      await using scratch = await Scratch.create('cut');
      let file = '';
      let id = '';
      {
        await using life = await live(scratch.path, 'first', { storage });
        await loadFile(life, (await testImages()).layersOci);
        const { record } = await life.images.service.inspect('layers');
        id = record.id;
        await life.snapshotter.prepare('container', record.topSnapshot);
        const chains = life.images.records.layers(id).map(({ chainId }) => chainId);
        file = `${await directoryOf(life, (storage === 'native' ? chains.at(-1) : chains[0]) ?? '')}/data/kept`;
        truncateSync(file);
      }
      await using life = await live(scratch.path, 'second', { storage });
      assert.ok(rebuiltBy(life));
      assert.equal(readFileSync(file, 'utf8'), 'kept\n');
      assert.equal((await life.images.service.inspect('layers')).record.id, id);
      assert.equal((await life.snapshotter.stat('container')).parent, life.images.records.layers(id).at(-1)?.chainId);
      assert.deepEqual(life.snapshotter.strays(), []);
      await Array.fromAsync(life.images.service.save(['layers']));
      await life.images.settler.settle();
      await using third = await live(scratch.path, 'third', { storage });
      assert.ok(!rebuiltBy(third));
    });
  }

  test('the engine alone was killed, or all was on the disk: nothing is looked at', async () => {
    await using scratch = await Scratch.create('cut');
    const file = async (life: Life): Promise<string> => `${await directoryOf(life, (await life.images.service.inspect('noshell')).record.topSnapshot ?? '')}/file`;
    {
      await using life = await live(scratch.path, 'first');
      await loadFile(life, (await testImages()).noshell);
      truncateSync(await file(life));
    }
    {
      await using life = await live(scratch.path, 'first');
      assert.equal(readFileSync(await file(life), 'utf8'), '');
      await life.images.settler.settle();
    }
    await using life = await live(scratch.path, 'second');
    assert.ok(!rebuiltBy(life));
    assert.equal(readFileSync(await file(life), 'utf8'), '');
  });

  test('a blob did not get there either: the image is removed, which is told; others stay; it can be loaded again', async () => {
    await using scratch = await Scratch.create('cut');
    const shared = [{ name: 'shared', body: 'shared' }];
    const first = tinyImage({ tags: ['first:1'], layers: [shared] });
    const second = tinyImage({ tags: ['second:1', 'second:2'], layers: [shared, [{ name: 'own', body: 'own' }]] });
    let top = '';
    {
      await using life = await live(scratch.path, 'first');
      await load(life, chunks(first.archive));
      await life.images.settler.settle();
      await load(life, chunks(second.archive));
      const [below, own] = life.images.records.layers(second.id);
      top = own?.chainId ?? '';
      await life.snapshotter.prepare('container', top);
      if (own) spoil(life.images.content.pathOf(own.blob));
      // Of a settled image: nobody looks.
      writeFileSync(`${await directoryOf(life, below?.chainId ?? '')}/shared`, 'touched');
    }
    await using life = await live(scratch.path, 'second');
    assert.ok(life.told.includes('image removed: a power cut has taken a part of it; pull or load it again'), life.told.join('\n'));
    assert.deepEqual(names(life), ['docker.io/library/first:1']);
    assert.equal(readFileSync(`${await directoryOf(life, life.images.records.layers(first.id)[0]?.chainId ?? '')}/shared`, 'utf8'), 'touched');
    assert.equal((await blobsOf(life)).length, 1);
    // The container still stands on what there is; the image that is loaded again does not.
    const below = (await life.snapshotter.stat('container')).parent;
    assert.match(below ?? '', /^lost-/);
    await load(life, chunks(second.archive));
    assert.equal(readFileSync(`${await directoryOf(life, top)}/own`, 'utf8'), 'own');
    await life.snapshotter.remove('container');
    await life.images.collector.collect();
    await assert.rejects(life.snapshotter.stat(below ?? ''), /no such snapshot/);
  });

  test('only a manifest was lost: the image stays, without that digest', async () => {
    await using scratch = await Scratch.create('cut');
    {
      await using life = await live(scratch.path, 'first');
      await loadFile(life, (await testImages()).busyboxOci);
      const { record } = await life.images.service.inspect('busybox');
      for (const { digest } of life.images.records.manifests(record.id)) spoil(life.images.content.pathOf(digest));
    }
    await using life = await live(scratch.path, 'second');
    assert.ok(life.told.includes('manifest of an image forgotten: a power cut has taken a part of it'));
    const image = await life.images.service.inspect('busybox');
    assert.deepEqual(image.repoDigests, []);
    await Array.fromAsync(life.images.service.save(['busybox']));
  });

  test('what no image needed is not found again', async () => {
    await using scratch = await Scratch.create('cut');
    {
      await using life = await live(scratch.path, 'first');
      await life.images.content.write(chunks(Buffer.from('nobody needs this')), {});
      writeFileSync(`${scratch.path}/content/partial/${'a'.repeat(64)}`, 'begun');
    }
    cutOff(scratch.path, 'first');
    await using life = await live(scratch.path, 'second');
    assert.deepEqual(await blobsOf(life), []);
    assert.equal(life.images.content.dropBegun(), 0);
  });

  test('kept unpacked only: the blobs stay until the files are on the disk', async () => {
    await using scratch = await Scratch.create('cut');
    await using life = await live(scratch.path, 'first', { keepLayerBlobs: false });
    await loadFile(life, (await testImages()).noshell);
    life.images.splits.reduce();
    await life.images.splits.idle();
    assert.equal((await blobsOf(life)).length, 1);
    await life.images.settler.settle();
    await life.images.splits.idle();
    assert.deepEqual(await blobsOf(life), []);
  });
});

describe('a power cut under a whole engine', { skip: missing({ root: true, tools: [...ENGINE_TOOLS, ...IMAGE_TOOLS, 'docker'], filesystems: ['overlay'] }) || await engineMissing(), timeout: 120_000 }, () => {
  test('its next start makes the damaged layer anew before a container stands on it', async () => {
    await using engine = await Engine.start();
    await using docker = await DockerCli.create(engine.socketPath);
    await docker.ok('load', '--quiet', '--input', (await testImages()).busybox);
    await engine.kill9();
    const database = new DatabaseSync(`${engine.dataRoot}/engine.db`);
    const directories = database.prepare(`SELECT id FROM snapshots WHERE kind = 'committed'`).all().map(({ id }) => `${engine.dataRoot}/overlay/${String(id)}/fs`);
    database.exec(`UPDATE unsettled SET boot = 'another'; UPDATE engine SET value = 'another' WHERE key = 'running'`);
    const marked = database.prepare('SELECT count(*) AS n FROM unsettled').get()?.['n'];
    database.close();
    // The five seconds may have passed on a slow machine: then there is nothing to make anew.
    if (marked !== 0) for (const directory of directories) try { truncateSync(`${directory}/etc/motd`); } catch { /* another layer */ }
    await engine.startAgain();
    assert.equal(await docker.ok('run', '--rm', '--network', 'none', 'busybox', 'cat', '/etc/motd'), BUSYBOX_FACTS.motd.trimEnd());
    if (marked !== 0) assert.match(engine.log, /image verified after a power cut/);
  });
});

async function* chunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

/** As if the engine of that life had not been closed. */
function cutOff(dataRoot: string, bootId: string): void {
  const database = new DatabaseSync(`${dataRoot}/engine.db`);
  database.prepare(`INSERT INTO engine (key, value) VALUES ('running', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`).run(bootId);
  database.close();
}
