import { constants, readdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFileSystem } from './file-attributes.ts';

/** Waits until everything written so far below a directory is on the disk: one syncfs for each file system that the directory and those right below it are on. @throws Error */
export async function syncTree(root: string): Promise<void> {
  const paths = [root, ...readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => join(root, name))];
  const byDevice = new Map(paths.flatMap((path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats ? [[stats.dev, path]] : [];
  }));
  for (const path of byDevice.values()) {
    const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    await syncFileSystem(directory.fd).finally(() => directory.close());
  }
}

