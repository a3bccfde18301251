import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import { FileContentStore } from '../../src/engine/content/file-content-store.ts';
import { contentStoreContract } from './content-store.ts';

describe('FileContentStore', () => {
  const root = mkdtempSync(join(tmpdir(), 'strata-content-'));
  after(() => { rmSync(root, { recursive: true }); });
  let count = 0;
  contentStoreContract(async () => {
    count += 1;
    return new FileContentStore(join(root, String(count)));
  });
});
