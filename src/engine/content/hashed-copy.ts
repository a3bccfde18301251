import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { InvalidArgumentError } from '../../api/errors.ts';
import type { BlobInfo } from './content-store.ts';
import type { Digest } from './digest.ts';

/** What is gathered for one write. */
const WRITE_BYTES = 256 * 1024;
/** What is gathered while the disk is busy; then the source waits. */
const GATHER_BYTES = 1024 * 1024;

export interface HashedCopyOptions {
  expected: { digest?: Digest; size?: number };
  signal?: AbortSignal | undefined;
  /** What the file holds already, hashed; its position is at the end of that. */
  begun?: { hash: Hash; size: number };
  /** Called when the file has grown, with its length. */
  onWritten?: (size: number) => void;
}

/**
 * Writes a stream to a file and hashes it on the way. When the source fails, what it gave before is written all the same.
 * @throws InvalidArgumentError when size or digest are not what is expected
 */
export async function copyHashed(source: AsyncIterable<Uint8Array>, file: FileHandle, { expected, signal, begun, onWritten }: HashedCopyOptions): Promise<BlobInfo> {
  const hash = begun?.hash ?? createHash('sha256');
  let size = begun?.size ?? 0;
  const writer = new GatheringWriter(file, size, onWritten);
  try {
    for await (const chunk of source) {
      signal?.throwIfAborted();
      size += chunk.length;
      if (expected.size !== undefined && size > expected.size) throw new InvalidArgumentError(`blob is longer than the ${expected.size} bytes announced for it${named(expected)}`);
      // Hashing runs while the disk writes.
      const written = writer.write(chunk);
      hash.update(chunk);
      await written;
    }
  } finally {
    await writer.end();
  }
  signal?.throwIfAborted();
  const digest = `sha256:${hash.digest('hex')}` as Digest;
  if (expected.size !== undefined && size !== expected.size) throw new InvalidArgumentError(`blob ends after ${size} of ${expected.size} bytes${named(expected)}`);
  if (expected.digest !== undefined && digest !== expected.digest) throw new InvalidArgumentError(`wrong digest: expected ${expected.digest}, content has ${digest}`);
  return { digest, size };
}

const named = ({ digest }: { digest?: Digest }): string => (digest === undefined ? '' : `: ${digest}`);

/** Writes in order, in few system calls, while more is coming. */
class GatheringWriter {
  readonly #file: FileHandle;
  readonly #onWritten: ((size: number) => void) | undefined;
  #size: number;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;

  constructor(file: FileHandle, size: number, onWritten: ((size: number) => void) | undefined) {
    this.#file = file;
    this.#size = size;
    this.#onWritten = onWritten;
  }

  /** Resolves when there is room for more. @throws what an earlier write failed with */
  async write(chunk: Uint8Array): Promise<void> {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= WRITE_BYTES) this.#writing ??= this.#drain();
    if (this.#waitingBytes >= GATHER_BYTES) await this.#writing;
    this.#check();
  }

  async end(): Promise<void> {
    await this.#writing;
    await this.#drain();
    this.#check();
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0 && !this.#failure) {
        const batch = this.#waiting;
        const bytes = this.#waitingBytes;
        this.#waiting = [];
        this.#waitingBytes = 0;
        await writeAll(this.#file, batch, bytes);
        this.#size += bytes;
        this.#onWritten?.(this.#size);
      }
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#writing = undefined;
    }
  }
}

async function writeAll(file: FileHandle, batch: readonly Uint8Array[], bytes: number): Promise<void> {
  const { bytesWritten } = await file.writev([...batch]);
  if (bytesWritten === bytes) return;
  // A nearly full disk takes a part.
  const rest = Buffer.concat(batch).subarray(bytesWritten);
  for (let done = 0; done < rest.length;) done += (await file.write(rest, done)).bytesWritten;
}
