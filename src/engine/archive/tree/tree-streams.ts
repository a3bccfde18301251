import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidArgumentError } from '../../../api/errors.ts';
import { makePipe } from '../../linux/descriptor.ts';
import { decompress } from '../decompress.ts';
import type { TreeThreads } from './tree-threads.ts';
import type { TreeReport, TreeRequest } from './tree-work.ts';

/**
 * The bytes that a thread packs. They come as they are read; destroying them ends the reading.
 * @param done called when the thread is through, whether or not it succeeded
 * @throws whatever the thread finds before the first byte
 */
export async function packTree(threads: TreeThreads, request: (output: number) => TreeRequest, done: () => Promise<void>): Promise<{ report: TreeReport; bytes: Readable }> {
  const { readEnd, writeEnd } = makePipe();
  const bytes = new Socket({ fd: readEnd, readable: true, writable: false });
  const reported = Promise.withResolvers<TreeReport>();
  const work = threads.run(request(writeEnd), reported.resolve);
  void work.catch((error: unknown) => {
    reported.reject(error);
    bytes.destroy(error instanceof Error ? error : new Error(String(error)));
  }).finally(async () => {
    // The reader's end of file.
    closeSync(writeEnd);
    await done();
  });
  bytes.on('error', () => undefined);
  return { report: await reported.promise, bytes };
}

/** Feeds an archive, compressed or not, to a thread that unpacks it. @throws InvalidArgumentError for an archive that is damaged; whatever the thread throws */
export async function unpackTree(threads: TreeThreads, request: (input: number) => TreeRequest, archive: AsyncIterable<Uint8Array>): Promise<void> {
  const { readEnd, writeEnd } = makePipe();
  const feed = new Socket({ fd: writeEnd, readable: false, writable: true });
  let feeding: Promise<unknown> = Promise.resolve();
  let broken: unknown;
  try {
    await threads.run(request(readEnd), () => {
      feeding = pipeline(decompress(archive), feed);
      feeding.catch((failure: unknown) => { broken = failure; });
    });
  } catch (error) {
    feed.destroy();
    // A body that is damaged is the cause of whatever the thread found wrong with its tar.
    throw broken instanceof InvalidArgumentError ? broken : error;
  } finally {
    closeSync(readEnd);
  }
  await feeding;
}
