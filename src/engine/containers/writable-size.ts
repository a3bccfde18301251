import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFoundError } from '../../api/errors.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import { MTAB } from './init-files.ts';
import { snapshotKey } from './rootfs.ts';

/**
 * Bytes that a container has written into its own layer, counted as Docker counts them: the lengths of files and symlinks, each file once
 * however many names it has; directories count nothing. Where a layer is a whole copy, what the copy takes on disk. 0 of one that has no layer.
 */
export async function writableBytes(snapshotter: Snapshotter, containerId: string): Promise<number> {
  const key = snapshotKey(containerId);
  try {
    if (snapshotter.layering === 'merged') return (await snapshotter.usage(key)).bytes;
    const { directory } = await snapshotter.stat(key);
    return await treeBytes(directory, new Set()) - await initBytes(directory);
  } catch (error) {
    if (error instanceof NotFoundError) return 0;
    throw error;
  }
}

/** What its start has put there, unless it was replaced: no writing of the container's. */
async function initBytes(directory: string): Promise<number> {
  const target = await readlink(join(directory, MTAB.path)).catch(() => undefined);
  return target === MTAB.target ? Buffer.byteLength(target) : 0;
}

/** What vanishes meanwhile counts nothing. */
async function treeBytes(directory: string, seen: Set<number>): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      bytes += await treeBytes(path, seen);
      continue;
    }
    const info = await lstat(path).catch(() => undefined);
    if (!info || seen.has(info.ino)) continue;
    if (info.nlink > 1) seen.add(info.ino);
    bytes += info.size;
  }
  return bytes;
}
