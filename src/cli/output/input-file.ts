import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { reason } from '../create/key-values.ts';
import { ExitError } from '../exit.ts';

/** Opens an archive to be sent. @throws ExitError in docker's words, also for a directory */
export async function openInput(path: string): Promise<AsyncIterable<Uint8Array>> {
  try {
    const file = await open(path);
    if ((await file.stat()).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    return createReadStream(path, { fd: file, highWaterMark: 256 * 1024 });
  } catch (error) {
    throw new ExitError(1, `open ${path}: ${reason(error)}`);
  }
}
