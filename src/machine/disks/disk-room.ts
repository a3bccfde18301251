import { statfs } from 'node:fs/promises';
import { UnavailableError } from '../../api/errors.ts';

/** Room that a machine needs to come up: a fresh file system, the first image, logs. The disk itself is sparse. */
export const NEEDED_BYTES = 512 * 1024 * 1024;

/**
 * Refuses a start on a full disk, where the guest would see write errors instead of a clear message.
 * @throws UnavailableError
 */
export async function assertRoom(directory: string, neededBytes: number = NEEDED_BYTES): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  throw new UnavailableError(`no room for the machine: ${mebibytes(freeBytes)} MiB are free at ${directory}, ${mebibytes(neededBytes)} MiB are needed`);
}

function mebibytes(bytes: number): string {
  return String(Math.floor(bytes / 1024 ** 2));
}
