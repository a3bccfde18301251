import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** SHA-256 (hex) over names, modes and contents of files and folders; tests, documents and the trial script do not count. */
export async function digestOfPaths(paths: readonly string[], also: readonly string[] = []): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of await filesOf(path)) {
      const { mode } = await stat(file);
      hash.update(`${file.slice(path.length)}\0${mode & 0o111}\0`).update(await readFile(file)).update('\0');
    }
  }
  for (const text of also) hash.update(text).update('\0');
  return hash.digest('hex');
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && !/\.test\.ts$|\.md$|^try\.ts$/.test(entry.name)).map((entry) => join(entry.parentPath, entry.name)).sort();
}
