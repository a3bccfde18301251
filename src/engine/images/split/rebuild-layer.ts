import { createHash } from 'node:crypto';
import { closeSync, constants, createReadStream, openSync, read as readCallback } from 'node:fs';
import { promisify } from 'node:util';
import { InternalError } from '../../../api/errors.ts';
import { decompress } from '../../archive/decompress.ts';
import type { Digest } from '../../content/digest.ts';
import { openBelow } from '../../linux/open-in-root.ts';
import { decodePieces, type SplitPiece } from './split-format.ts';

const read = promisify(readCallback);
const READ_BYTES = 1024 * 1024;

/** Beside the sidecar of a layer's snapshot: goes with it. */
export function splitPathOf(sidecar: string): string {
  return `${sidecar}.split`;
}

/**
 * The uncompressed tar of a layer, bit for bit, from its split file and its files.
 * @param directory the layer's own; nothing outside it is read
 * @throws InternalError, after the last byte, when what came out is not the layer: its files were changed or lost
 */
export async function* rebuildLayer(splitPath: string, directory: string, diffId: Digest): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const root = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    for await (const piece of decodePieces(decompress(createReadStream(splitPath)))) {
      if (piece.kind === 'bytes') {
        hash.update(piece.bytes);
        yield piece.bytes;
      } else {
        for await (const bytes of contentOf(root, piece)) {
          hash.update(bytes);
          yield bytes;
        }
      }
    }
  } catch (cause) {
    throw new InternalError(`layer ${diffId} cannot be put together again: its unpacked files were changed or lost; pull or load the image again`, { cause });
  } finally {
    closeSync(root);
  }
  const found = `sha256:${hash.digest('hex')}`;
  if (found !== diffId) throw new InternalError(`layer ${diffId} cannot be put together again: its unpacked files were changed, they give ${found}; pull or load the image again`);
}

async function* contentOf(root: number, { path, offset, length }: Extract<SplitPiece, { kind: 'file' }>): AsyncGenerator<Buffer> {
  const fd = openBelow(root, path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    for (let done = 0; done < length;) {
      const { bytesRead, buffer } = await read(fd, Buffer.allocUnsafe(Math.min(READ_BYTES, length - done)), 0, Math.min(READ_BYTES, length - done), offset + done);
      if (bytesRead === 0) throw new InternalError('a file is shorter than it was');
      done += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    closeSync(fd);
  }
}
