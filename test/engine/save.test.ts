import assert from 'node:assert/strict';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { describe, test } from 'node:test';
import { exec } from '../../src/base/exec.ts';
import { silentLogger } from '../../src/base/log.ts';
import { openImages, type OpenedImages } from '../../src/engine/images/open-images.ts';
import { OverlaySnapshotter } from '../../src/engine/snapshots/overlay-snapshotter.ts';
import { openDatabase } from '../../src/engine/store/database.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';

interface Opened extends AsyncDisposable { images: OpenedImages }

async function open(dataRoot: string): Promise<Opened> {
  const database = openDatabase(':memory:', silentLogger);
  const images = await openImages({ config: { dataRoot }, database, snapshotter: new OverlaySnapshotter(database, `${dataRoot}/overlay`), log: silentLogger, architecture: 'amd64', users: () => [], announce: () => undefined });
  return { images, [Symbol.asyncDispose]: async () => { await images.close(); database.close(); } };
}

const load = (images: OpenedImages, file: string): Promise<void> => images.service.load(createReadStream(file), { quiet: true, onProgress: () => undefined });

describe('save', { skip: missing({ root: true, tools: [...IMAGE_TOOLS], filesystems: ['overlay'] }), concurrency: false }, () => {
  test('what was loaded from either format comes out digest for digest, for skopeo and for ourselves', async () => {
    await using scratch = await Scratch.create('save');
    const sources = await testImages();
    for (const [name, source] of [['busybox', sources.busybox], ['busybox', sources.busyboxOci], ['layers', sources.layersOci]] as const) {
      await using first = await open(scratch.file(`first-${name}-${String(source.length)}`));
      await load(first.images, source);
      const saved = scratch.file('saved.tar');
      await pipeline(first.images.service.save([name]), createWriteStream(saved));
      const before = await first.images.service.inspect(name);
      const inspected = JSON.parse((await exec('skopeo', ['inspect', '--config', '--raw', `docker-archive:${saved}`])).stdout) as { rootfs: { diff_ids: string[] } };
      assert.deepEqual(inspected.rootfs.diff_ids, before.record.config.diffIds);
      if (source.endsWith('.oci.tar')) {
        const [ours, theirs] = await Promise.all([saved, source].map(async (file) => (await exec('skopeo', ['inspect', '--raw', `oci-archive:${file}`])).stdout));
        assert.equal(ours, theirs);
      }
      await using second = await open(scratch.file(`second-${name}-${String(source.length)}`));
      await load(second.images, saved);
      const after = await second.images.service.inspect(name);
      assert.equal(after.record.id, before.record.id);
      assert.ok(after.repoTags.includes(`${name}:latest`));
    }
  });

  test('saving twice gives the same bytes; an unknown image fails at once', async () => {
    await using scratch = await Scratch.create('save');
    await using opened = await open(scratch.file('data'));
    await load(opened.images, (await testImages()).layers);
    const bytes = async (): Promise<Buffer> => Buffer.concat(await Array.fromAsync(opened.images.service.save(['layers'])));
    assert.ok((await bytes()).equals(await bytes()));
    assert.throws(() => opened.images.service.save(['nope']), /No such image: nope:latest/);
  });
});
