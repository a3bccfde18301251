import assert from 'node:assert/strict';
import { appendFileSync, createReadStream, createWriteStream, readdirSync, truncateSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { describe, test } from 'node:test';
import { exec } from '../../src/base/exec.ts';
import { silentLogger } from '../../src/base/log.ts';
import { openImages, type OpenedImages } from '../../src/engine/images/open-images.ts';
import { OverlaySnapshotter } from '../../src/engine/snapshots/overlay-snapshotter.ts';
import { openDatabase } from '../../src/engine/store/database.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { rawTar } from '../fixtures/raw-tar.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';

interface Opened extends AsyncDisposable { images: OpenedImages }

async function open(dataRoot: string): Promise<Opened> {
  const database = openDatabase(`${dataRoot}/engine.db`, silentLogger);
  const images = await openImages({ config: { dataRoot, keepLayerBlobs: false }, database, snapshotter: new OverlaySnapshotter(database, `${dataRoot}/overlay`), log: silentLogger, architecture: 'amd64', users: () => [], announce: () => undefined, sync: async () => undefined });
  return { images, [Symbol.asyncDispose]: async () => { await images.close(); database.close(); } };
}

const load = async ({ service, settler, splits }: OpenedImages, file: string): Promise<void> => {
  await service.load(createReadStream(file), { quiet: true, onProgress: () => undefined });
  await settler.settle();
  await splits.idle();
};

const blobsOf = async ({ content }: OpenedImages): Promise<string[]> => (await Array.fromAsync(content.list())).map(({ digest }) => digest);

describe('layers that are kept unpacked only', { skip: missing({ root: true, tools: [...IMAGE_TOOLS], filesystems: ['overlay'] }), concurrency: false }, () => {
  for (const format of ['layers', 'layersOci'] as const) {
    test(`${format}: the blobs go, save gives the same id and the same layers, also after a restart`, async () => {
      await using scratch = await Scratch.create('split');
      const source = (await testImages())[format];
      const saved = scratch.file('saved.tar');
      let id = '';
      {
        await using first = await open(scratch.file('data'));
        await load(first.images, source);
        const { record } = await first.images.service.inspect('layers');
        id = record.id;
        const left = await blobsOf(first.images);
        assert.ok(first.images.records.layers(id).every(({ blob, diffId }) => blob === diffId && !left.includes(blob)), left.join());
      }
      await using again = await open(scratch.file('data'));
      await pipeline(again.images.service.save(['layers']), createWriteStream(saved));
      const seen = JSON.parse((await exec('skopeo', ['inspect', '--config', '--raw', `docker-archive:${saved}`])).stdout) as { rootfs: { diff_ids: string[] } };
      assert.deepEqual(seen.rootfs.diff_ids, (await again.images.service.inspect('layers')).record.config.diffIds);
      // Reads every layer and compares its digest.
      await exec('skopeo', ['--insecure-policy', 'copy', '-q', `oci-archive:${saved}`, `oci:${scratch.file('copy')}:x`]);
      await using other = await open(scratch.file('other'));
      await load(other.images, saved);
      assert.equal((await other.images.service.inspect('layers')).record.id, id);
      // Known already, under other blobs: nothing is kept twice.
      await load(again.images, (await testImages()).layersOci);
      const left = await blobsOf(again.images);
      assert.ok(again.images.records.layers(id).every(({ blob }) => !left.includes(blob)));
    });
  }

  test('files that were changed under it: save fails, and says so', async () => {
    await using scratch = await Scratch.create('split');
    await using opened = await open(scratch.file('data'));
    await load(opened.images, (await testImages()).noshell);
    const { top } = await opened.images.service.inspect('noshell');
    appendFileSync(`${top?.directory ?? ''}/file`, 'x');
    // What is longer than it was still gives the same archive; what is shorter or other does not.
    truncateSync(`${top?.directory ?? ''}/file`, 3);
    await assert.rejects(Array.fromAsync(opened.images.service.save(['noshell'])), /cannot be put together again: its unpacked files were changed or lost/);
  });

  test('a layer whose entries replace each other keeps its blob', async () => {
    await using scratch = await Scratch.create('split');
    await using opened = await open(scratch.file('data'));
    const tar = rawTar([{ name: 'a', body: 'first' }, { name: 'a', body: 'second' }, { name: 'b', body: 'b' }]);
    const image = await opened.images.maker.make({
      parent: undefined, reference: undefined, layer: (async function* () { yield tar; })(),
      description: { config: {}, platform: { os: 'linux', architecture: 'amd64' }, author: '', comment: '', createdBy: '' },
    });
    await opened.images.settler.settle();
    await opened.images.splits.idle();
    assert.ok((await blobsOf(opened.images)).includes(opened.images.records.layers(image.id)[0]?.blob ?? ''));
    const archive = Buffer.concat(await Array.fromAsync(opened.images.service.save([image.id])));
    assert.ok(archive.includes(tar));
    assert.ok(readdirSync(scratch.file('data')).includes('overlay'));
  });
});
