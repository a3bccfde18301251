import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

let sequence = 0;

/**
 * Writes a file so that readers see the old or the new content, never half of it, also after a power cut:
 * temporary file in the same directory, fsync, rename, fsync of the directory.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array, options: { mode?: number; owner?: { uid: number; gid: number } } = {}): Promise<void> {
  sequence += 1;
  const temporary = `${path}.${String(process.pid)}-${String(sequence)}.tmp`;
  try {
    const file = await open(temporary, 'wx', options.mode ?? 0o644);
    try {
      // Who may not give a file away keeps it.
      if (options.owner) await file.chown(options.owner.uid, options.owner.gid).catch(() => undefined);
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
