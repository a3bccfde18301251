import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import { silentLogger } from '../../src/base/log.ts';
import { NativeSnapshotter } from '../../src/engine/snapshots/native-snapshotter.ts';
import { OverlaySnapshotter } from '../../src/engine/snapshots/overlay-snapshotter.ts';
import { openDatabase } from '../../src/engine/store/database.ts';
import { missing } from '../fixtures/requirements.ts';
import { snapshotterContract } from './snapshotter.ts';

for (const [Kind, skip] of [[OverlaySnapshotter, missing({ root: true, filesystems: ['overlay'] })], [NativeSnapshotter, missing({ root: true, tools: ['cp'] })]] as const) {
  describe(Kind.name, { skip }, () => {
    const root = mkdtempSync(join(tmpdir(), 'strata-snapshots-'));
    after(() => { rmSync(root, { recursive: true }); });
    let count = 0;
    snapshotterContract(async () => {
      count += 1;
      // As long as a real data root may be: relative layer paths must carry 130 of them all the same.
      const home = join(root, `a-data-root-with-a-long-name-${count}`);
      mkdirSync(join(home, 'scratch'), { recursive: true });
      const snapshotter = new Kind(openDatabase(':memory:', silentLogger), join(home, 'snapshots'));
      await snapshotter.recover();
      return { snapshotter, scratch: join(home, 'scratch') };
    });
  });
}
