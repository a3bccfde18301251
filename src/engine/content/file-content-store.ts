import { createHash, type Hash, randomBytes } from 'node:crypto';
import { constants, existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { InvalidArgumentError, NotFoundError } from '../../api/errors.ts';
import { syncFileSystem } from '../linux/file-attributes.ts';
import type { BlobInfo, ContentStore, ResumableContent, ResumeOptions, WriteOptions } from './content-store.ts';
import { type Digest, hexOf, isDigest } from './digest.ts';
import { Growth } from './growth.ts';
import { copyHashed } from './hashed-copy.ts';

/** What nobody waits for longer goes on in the background. */
const FLUSH_PATIENCE_MS = 2000;
const READ_LIMIT_BYTES = 4 * 1024 * 1024;

/** Blobs that are not stored, because they can be made from something else. */
export interface DerivedBlobs {
  find(digest: Digest): Promise<{ size: number; open(): Readable } | undefined>;
}

/**
 * One file per blob, `blobs/<first two digits>/<digits>`. Bytes go to `ingest/` first, are hashed on their way and then renamed: a name in
 * `blobs/` stands for its content. `flush` is one syncfs for any number of blobs, instead of two fsyncs for each; what a power cut may have
 * spoilt is verified or swept at the next start before anybody reads it: see images/settle.
 */
export class FileContentStore implements ContentStore, ResumableContent {
  readonly #blobs: string;
  readonly #ingest: string;
  /** Begun downloads, one file per digest. */
  readonly #partial: string;
  readonly #resuming = new Set<Digest>();
  #derived: DerivedBlobs | undefined;
  /** Names in `ingest/` that are being written. */
  readonly #writing = new Set<string>();

  /** @param root a directory of its own, made if absent; what an earlier life left half-written there is cleared */
  constructor(root: string) {
    this.#blobs = join(root, 'blobs');
    this.#ingest = join(root, 'ingest');
    mkdirSync(this.#blobs, { recursive: true, mode: 0o700 });
    rmSync(this.#ingest, { recursive: true, force: true });
    mkdirSync(this.#ingest, { mode: 0o700 });
    this.#partial = join(root, 'partial');
    mkdirSync(this.#partial, { recursive: true, mode: 0o700 });
    clearOld(this.#partial);
    this.clearStrays();
  }

  /** Where to look for blobs that have no file. They are neither listed nor removed. */
  derive(derived: DerivedBlobs): void {
    this.#derived = derived;
  }

  /** Where the bytes of a blob lie, for those that read it in another thread. The blob may not be there. */
  pathOf(digest: Digest): string {
    const hex = hexOf(digest);
    return join(this.#blobs, hex.slice(0, 2), hex);
  }

  async write(source: AsyncIterable<Uint8Array>, expected: { digest?: Digest; size?: number }, options: WriteOptions = {}): Promise<BlobInfo> {
    const name = randomBytes(8).toString('hex');
    const temporary = join(this.#ingest, name);
    this.#writing.add(name);
    try {
      const file = await open(temporary, 'wx', 0o400);
      const blob = await copyHashed(source, file, { expected, signal: options.signal }).finally(() => file.close());
      options.beforeCommit?.(blob);
      await this.#publish(temporary, blob.digest);
      return blob;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      this.#writing.delete(name);
    }
  }

  async resume(source: (offset: number) => AsyncIterable<Uint8Array>, expected: { digest: Digest; size: number }, options: ResumeOptions = {}): Promise<BlobInfo> {
    // A second writer of the same blob starts at its beginning, in a file of its own.
    if (this.#resuming.has(expected.digest)) return this.write(source(0), expected, options);
    this.#resuming.add(expected.digest);
    const path = join(this.#partial, hexOf(expected.digest));
    const growth = new Growth(path, this.pathOf(expected.digest));
    let interrupted = false as boolean;
    async function* watched(offset: number): AsyncGenerator<Uint8Array> {
      try {
        yield* source(offset);
      } catch (error) {
        interrupted = true;
        throw error;
      }
    }
    try {
      const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
      try {
        const begun = await readBegun(file, expected.size);
        growth.reach(begun.size);
        options.onGrowth?.(growth);
        const blob = await copyHashed(watched(begun.size), file, { expected, signal: options.signal, begun, onWritten: (size) => { growth.reach(size); } });
        options.beforeCommit?.(blob);
      } finally {
        await file.close();
      }
      await this.#publish(path, expected.digest);
      growth.finish();
      return { digest: expected.digest, size: expected.size };
    } catch (error) {
      // Only what stopped on its way is worth keeping; wrong bytes and a full disk are not.
      if (!interrupted && options.signal?.aborted !== true) await rm(path, { force: true });
      throw error;
    } finally {
      growth.break();
      this.#resuming.delete(expected.digest);
    }
  }

  async #publish(temporary: string, digest: Digest): Promise<void> {
    const target = this.pathOf(digest);
    if (await this.#isStored(digest)) {
      await rm(temporary, { force: true });
      return;
    }
    // In one turn: the removal of a shelf's last blob takes the shelf along.
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    renameSync(temporary, target);
    // What an interrupted download had brought of it is of no use any more.
    if (!this.#resuming.has(digest)) rmSync(join(this.#partial, hexOf(digest)), { force: true });
  }

  async flush(): Promise<void> {
    const directory = await open(this.#blobs, constants.O_RDONLY | constants.O_DIRECTORY);
    const synced = syncFileSystem(directory.fd).finally(() => directory.close());
    // The call waits for what everybody has written to this file system, which on a busy disk has no end in sight.
    await Promise.race([synced, setTimeout(FLUSH_PATIENCE_MS, undefined, { ref: false })]);
    synced.catch(() => undefined);
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.#isStored(digest)) || (await this.#derived?.find(digest)) !== undefined;
  }

  #isStored(digest: Digest): Promise<boolean> {
    return stat(this.pathOf(digest)).then(() => true, () => false);
  }

  async size(digest: Digest): Promise<number> {
    const derived = (await this.#isStored(digest)) ? undefined : await this.#derived?.find(digest);
    if (derived) return derived.size;
    return (await this.#found(digest, stat(this.pathOf(digest)))).size;
  }

  async open(digest: Digest): Promise<Readable> {
    const derived = (await this.#isStored(digest)) ? undefined : await this.#derived?.find(digest);
    if (derived) return derived.open();
    const file = await this.#found(digest, open(this.pathOf(digest), constants.O_RDONLY));
    return file.createReadStream({ highWaterMark: 256 * 1024 });
  }

  async read(digest: Digest, limitBytes = READ_LIMIT_BYTES): Promise<Buffer> {
    const size = await this.size(digest);
    if (size > limitBytes) throw new InvalidArgumentError(`blob ${digest} has ${size} bytes: at most ${limitBytes} are read at once`);
    return this.#found(digest, readFile(this.pathOf(digest)));
  }

  async remove(digest: Digest): Promise<void> {
    this.removeNow(digest);
  }

  /** As `remove`, in this very turn: for garbage collection, where nobody may come between the question and the deed. Idempotent. */
  removeNow(digest: Digest): void {
    const path = this.pathOf(digest);
    passing(['ENOENT'], () => { unlinkSync(path); });
    passing(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => { rmdirSync(dirname(path)); });
  }

  async *list(): AsyncIterable<BlobInfo> {
    for (const shelf of await readdir(this.#blobs)) {
      if (!/^[0-9a-f]{2}$/.test(shelf)) continue;
      // A shelf goes with its last blob.
      for (const name of await readdir(join(this.#blobs, shelf)).catch(emptyWhenGone)) {
        const digest = `sha256:${name}`;
        if (!isDigest(digest)) continue;
        const found = await stat(this.pathOf(digest)).catch(() => undefined);
        if (found) yield { digest, size: found.size };
      }
    }
  }

  /** Paths of files that are no blob, no begun download that can go on, and that nobody is writing. */
  strays(): string[] {
    const resumable = (name: string): boolean => {
      const digest = `sha256:${name}`;
      return isDigest(digest) && (this.#resuming.has(digest) || !existsSync(this.pathOf(digest)));
    };
    const misplaced = (shelf: string): string[] => {
      if (!/^[0-9a-f]{2}$/.test(shelf)) return [join(this.#blobs, shelf)];
      return readdirSync(join(this.#blobs, shelf)).filter((name) => !isDigest(`sha256:${name}`) || !name.startsWith(shelf)).map((name) => join(this.#blobs, shelf, name));
    };
    return [
      ...readdirSync(this.#ingest).filter((name) => !this.#writing.has(name)).map((name) => join(this.#ingest, name)),
      ...readdirSync(this.#partial).filter((name) => !resumable(name)).map((name) => join(this.#partial, name)),
      ...readdirSync(this.#blobs).flatMap(misplaced),
    ];
  }

  /** Deletes them. */
  clearStrays(): void {
    for (const path of this.strays()) rmSync(path, { recursive: true, force: true });
  }

  /** Deletes begun downloads that nobody is going on with. @returns their bytes */
  dropBegun(): number {
    const idle = readdirSync(this.#partial).filter((name) => ![...this.#resuming].some((digest) => hexOf(digest) === name)).map((name) => join(this.#partial, name));
    const bytes = idle.reduce((sum, path) => sum + statSync(path).size, 0);
    for (const path of idle) rmSync(path, { force: true });
    return bytes;
  }

  async #found<T>(digest: Digest, result: Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw new NotFoundError(`no such blob: ${digest}`, { cause });
      throw cause;
    }
  }
}

/** Errors with these codes mean that it is so already. */
function passing(codes: readonly string[], work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!codes.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function emptyWhenGone(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

const PARTIAL_LIFE_MS = 7 * 24 * 3_600_000;

function clearOld(directory: string): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - modified > PARTIAL_LIFE_MS) rmSync(path, { force: true });
  }
}

/** Hashes what an earlier call has written, and leaves the file's position at its end. */
async function readBegun(file: FileHandle, limit: number): Promise<{ hash: Hash; size: number }> {
  if ((await file.stat()).size > limit) await file.truncate(0);
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(256 * 1024);
  for (let size = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return { hash, size };
    hash.update(buffer.subarray(0, bytesRead));
    size += bytesRead;
  }
}
