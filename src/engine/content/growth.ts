import { closeSync, openSync, readSync, statSync } from 'node:fs';

/** A file that is being written, as another thread is told of it. */
export interface GrowingFile {
  path: string;
  /** Where the file goes once it is whole. */
  finalPath: string;
  cell: SharedArrayBuffer;
}

const GROWING = 0n;
const WHOLE = 1n;
const BROKEN = 2n;
const READ_BYTES = 512 * 1024;

/** The writer's side: how far the file has come. One number that changes, four times the bytes plus the state, so that a reader can sleep on it. */
export class Growth {
  readonly file: GrowingFile;
  readonly #cell: BigInt64Array;
  #bytes = 0;
  #told = 0;

  constructor(path: string, finalPath: string) {
    const cell = new SharedArrayBuffer(8);
    this.file = { path, finalPath, cell };
    this.#cell = new BigInt64Array(cell);
  }

  /** A file that is whole already. @throws an error with `code` when it is not there */
  static ofWhole(path: string): GrowingFile {
    const growth = new Growth(path, path);
    growth.reach(statSync(path).size);
    growth.finish();
    return growth.file;
  }

  /** So many bytes, from the beginning, can be read now. The reader hears of it when it is worth its while. */
  reach(bytes: number): void {
    this.#bytes = bytes;
    // Every word wakes the reader's thread.
    if (bytes - this.#told >= READ_BYTES) this.#tell(GROWING);
  }

  /** The file is whole, and what it should be. */
  finish(): void {
    this.#tell(WHOLE);
  }

  /** Nothing more comes, or what has come is wrong. After `finish` it says nothing. */
  break(): void {
    if (!this.#is(WHOLE)) this.#tell(BROKEN);
  }

  isBroken(): boolean {
    return this.#is(BROKEN);
  }

  #is(state: bigint): boolean {
    return (Atomics.load(this.#cell, 0) & 3n) === state;
  }

  #tell(state: bigint): void {
    this.#told = this.#bytes;
    Atomics.store(this.#cell, 0, BigInt(this.#bytes) * 4n + state);
    Atomics.notify(this.#cell, 0);
  }
}

/** The writer has given the file up. */
export class GrowthBrokenError extends Error {
  override readonly name = 'GrowthBrokenError';
}

/**
 * The reader's side, in any thread: the bytes as they come, to the end of the whole file.
 * @throws GrowthBrokenError
 */
export async function* readGrowing({ path, finalPath, cell }: GrowingFile): AsyncGenerator<Uint8Array, void, undefined> {
  const state = new BigInt64Array(cell);
  let fd: number | undefined;
  try {
    for (let position = 0; ;) {
      const seen = Atomics.load(state, 0);
      if ((seen & 3n) === BROKEN) throw new GrowthBrokenError(`the download of ${path} was given up`);
      const reach = Number(seen >> 2n);
      if (position < reach) {
        fd ??= openEither(path, finalPath);
        const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, reach - position));
        const read = readSync(fd, buffer, 0, buffer.length, position);
        if (read === 0) throw new GrowthBrokenError(`${path} is shorter than it was`);
        position += read;
        yield buffer.subarray(0, read);
      } else if ((seen & 3n) === WHOLE) {
        return;
      } else {
        const change = Atomics.waitAsync(state, 0, seen);
        if (change.async) await change.value;
      }
    }
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** The writer may have moved the file since. */
function openEither(path: string, finalPath: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return openSync(finalPath, 'r');
}
