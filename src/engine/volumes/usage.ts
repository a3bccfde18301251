import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const BLOCK_BYTES = 512;

/** Bytes that a tree occupies on disk; hard links count once. What vanishes meanwhile counts nothing. */
export async function directoryBytes(path: string, seen: Set<string> = new Set()): Promise<number> {
  const info = await lstat(path).catch(() => undefined);
  if (!info) return 0;
  const key = `${String(info.dev)}:${String(info.ino)}`;
  if (seen.has(key)) return 0;
  if (info.nlink > 1) seen.add(key);
  let bytes = info.blocks * BLOCK_BYTES;
  if (info.isDirectory()) {
    for (const name of await readdir(path).catch(() => [])) bytes += await directoryBytes(join(path, name), seen);
  }
  return bytes;
}
