import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { reason } from '../create/key-values.ts';
import { ExitError } from '../exit.ts';

/** Writes to a file that appears when it is complete; a failure leaves nothing. @param what for the error, e.g. `save image`. @throws ExitError */
export async function writeWholeFile(path: string, archive: AsyncIterable<Uint8Array>, what: string): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await pipeline(archive, createWriteStream(partial, { mode: 0o600, flags: 'wx' }));
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw new ExitError(1, `failed to ${what}: open ${path}: ${reason(error)}`);
  }
}
