import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { squashfs } from './squashfs.ts';

/**
 * Makes the file system that the guest mounts at /opt/strata: the engine as it was bundled, and `node`, which lies in the system.
 * An image that is there is kept: its name is the digest of the bundle.
 */
export async function buildEngineImage(image: string, bundle: string): Promise<void> {
  if (existsSync(image)) return;
  const work = `${image}.${process.pid}.partial`;
  try {
    await mkdir(work, { recursive: true });
    await cp(bundle, join(work, 'files'), { recursive: true, filter: (path) => !path.endsWith('.inputs') });
    await symlink('/usr/bin/node', join(work, 'files/node'));
    await squashfs(join(work, 'files'), join(work, 'image'));
    await rename(join(work, 'image'), image);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
