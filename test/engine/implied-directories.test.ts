import assert from 'node:assert/strict';
import { lstatSync } from 'node:fs';
import { describe, test } from 'node:test';
import { silentLogger } from '../../src/base/log.ts';
import { getXattr } from '../../src/engine/linux/file-attributes.ts';
import { openImages } from '../../src/engine/images/open-images.ts';
import { NativeSnapshotter } from '../../src/engine/snapshots/native-snapshotter.ts';
import { OverlaySnapshotter } from '../../src/engine/snapshots/overlay-snapshotter.ts';
import { openDatabase } from '../../src/engine/store/database.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { tinyImage } from '../fixtures/tiny-image.ts';

const MTIME = 1_500_000_000;

/** The lowest layer says how directories are, the next ones only have files in them. */
const { archive } = tinyImage({
  tags: ['implied:1'],
  layers: [
    [
      { name: './', type: '5', mode: 0o711, uid: 3 }, { name: 'a/', type: '5', mode: 0o700, uid: 5 }, { name: 'a/b/', type: '5', mode: 0o1777, uid: 6, pax: { mtime: `${String(MTIME)}.5`, 'SCHILY.xattr.user.of': 'below' } },
      { name: 'gone/', type: '5', mode: 0o700, uid: 7 }, { name: 'link', type: '2', link: 'a' },
    ],
    [{ name: 'other', body: 'x' }],
    [{ name: '.wh.gone' }, { name: 'later/file', body: 'x' }, { name: 'later/', type: '5', mode: 0o750, uid: 8 }],
    [{ name: 'a/b/c/file', body: 'x' }, { name: 'gone/file', body: 'x' }, { name: 'later/more', body: 'x' }, { name: 'link/file', body: 'x' }],
  ],
});

describe('directories that a layer says nothing of', { skip: missing({ root: true, filesystems: ['overlay'] }) }, () => {
  for (const storage of ['overlay', 'native'] as const) {
    test(`look as they do below (${storage})`, async () => {
      await using scratch = await Scratch.create('implied');
      using database = openDatabase(':memory:', silentLogger);
      const snapshotter = storage === 'native' ? new NativeSnapshotter(database, scratch.file('native')) : new OverlaySnapshotter(database, scratch.file('overlay'));
      const images = await openImages({ config: { dataRoot: scratch.path }, database, snapshotter, log: silentLogger, architecture: 'amd64', users: () => [], announce: () => undefined });
      await images.service.load((async function* () { yield archive; })(), { quiet: true, onProgress: () => undefined });
      const { top } = await images.service.inspect('implied:1');
      const facts = (name: string): [string, number] => {
        const stats = lstatSync(`${top?.directory ?? ''}/${name}`);
        return [(stats.mode & 0o7777).toString(8), stats.uid];
      };
      assert.deepEqual(facts(''), ['711', 3]);
      assert.deepEqual(facts('a'), ['700', 5]);
      assert.deepEqual(facts('a/b'), ['1777', 6]);
      assert.equal(getXattr(Buffer.from(`${top?.directory ?? ''}/a/b`), 'user.of')?.toString(), 'below');
      // Nobody has said anything of these.
      assert.deepEqual(facts('a/b/c'), ['755', 0]);
      // What was removed in between is no example.
      assert.deepEqual(facts('gone'), ['755', 0]);
      assert.deepEqual(facts('later'), ['750', 8]);
      if (storage === 'overlay') assert.equal(lstatSync(`${top?.directory ?? ''}/a/b`).mtimeMs, MTIME * 1000 + 500);
      await images.close();
    });
  }
});
