import { open, stat } from 'node:fs/promises';
import { ConflictError } from '../../api/errors.ts';

const GIB = 1024 ** 3;

/**
 * The data disk: a sparse raw file. Created if missing, grown if smaller than `sizeGiB`; existing bytes are never touched.
 * @throws ConflictError when the disk is larger than asked for: shrinking would cut data off.
 */
export async function ensureDataDisk(file: string, sizeGiB: number): Promise<{ created: boolean }> {
  const wanted = sizeGiB * GIB;
  const disk = await openOrCreate(file);
  try {
    const { size } = await disk.handle.stat();
    if (size > wanted) {
      throw new ConflictError(`the data disk has ${String(Math.ceil(size / GIB))} GiB and cannot become smaller (${String(sizeGiB)} GiB asked for): start with --disk ${String(Math.ceil(size / GIB))}`);
    }
    if (size < wanted) {
      await disk.handle.truncate(wanted);
      await disk.handle.sync();
    }
  } finally {
    await disk.handle.close();
  }
  return { created: disk.created };
}

/** Bytes that the disk occupies on the host now; undefined when there is no disk. */
export async function occupiedBytes(file: string): Promise<number | undefined> {
  const found = await stat(file).catch(() => undefined);
  return found === undefined ? undefined : found.blocks * 512;
}

async function openOrCreate(file: string): Promise<{ handle: Awaited<ReturnType<typeof open>>; created: boolean }> {
  try {
    return { handle: await open(file, 'r+'), created: false };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { handle: await open(file, 'wx', 0o600), created: true };
  }
}
