import type { Readable } from 'node:stream';
import type { Digest } from './digest.ts';
import type { Growth } from './growth.ts';

/**
 * Immutable blobs under their digest. Writing is all or nothing: a blob appears only after its bytes were hashed and match.
 * It knows nothing of who needs a blob; `beforeCommit` is where a writer takes hold of one before garbage collection can see it.
 */
export interface ContentStore {
  /**
   * Streams `source` into the store. Same digest twice is fine (the second write is dropped).
   * The blob survives the death of the engine at once, and a power cut once the file system has been synced.
   * @throws InvalidArgumentError when size or digest differ from what `expected` says; nothing is kept then.
   */
  write(source: AsyncIterable<Uint8Array>, expected: { digest?: Digest; size?: number }, options?: WriteOptions): Promise<BlobInfo>;
  has(digest: Digest): Promise<boolean>;
  /** Size in bytes. @throws NotFoundError */
  size(digest: Digest): Promise<number>;
  /** The caller reads it to the end or destroys it. @throws NotFoundError */
  open(digest: Digest): Promise<Readable>;
  /** Whole blob, for manifests and configs. @throws NotFoundError; InvalidArgumentError above `limitBytes` (default 4 MiB). */
  read(digest: Digest, limitBytes?: number): Promise<Buffer>;
  /**
   * Sees to it that every blob written so far gets to the disk, and waits for that, though not for ever: at most two seconds. For what may be
   * nowhere else. @throws Error when the disk refuses
   */
  flush(): Promise<void>;
  /** Idempotent. */
  remove(digest: Digest): Promise<void>;
  list(): AsyncIterable<BlobInfo>;
}

/** A store that can take a blob in several goes. */
export interface ResumableContent {
  /**
   * As `write`, for a blob whose digest is known. When `source` fails or the signal aborts, what has come is kept, also over a restart,
   * and the next call asks its `source` for the rest only: from the offset that it is given. Wrong bytes are never kept.
   */
  resume(source: (offset: number) => AsyncIterable<Uint8Array>, expected: { digest: Digest; size: number }, options?: ResumeOptions): Promise<BlobInfo>;
}

export interface BlobInfo {
  digest: Digest;
  size: number;
}

export interface WriteOptions {
  signal?: AbortSignal;
  /** Called once the digest is known and before the blob can be seen. What it throws cancels the write. */
  beforeCommit?: (blob: BlobInfo) => void;
}

export interface ResumeOptions extends WriteOptions {
  /** Called before the source is asked, with a file that can be read while it comes. Nothing in it is verified until it is whole. */
  onGrowth?: (growth: Growth) => void;
}
