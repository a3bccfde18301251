import type { Readable } from 'node:stream';

/** `sha256:` + 64 hex digits, checked. Source: OCI image-spec, descriptor.md, "Digests". */
export type Digest = string & { readonly __brand: 'Digest' };

/**
 * Immutable blobs under their digest. Writing is all or nothing: a blob appears only after its bytes were hashed and match.
 */
export interface ContentStore {
  /**
   * Streams `source` into the store. Same digest twice is fine (the second write is dropped).
   * @throws InvalidArgumentError when size or digest differ from what `expected` says; nothing is kept then.
   */
  write(source: AsyncIterable<Uint8Array>, expected: { digest?: Digest; size?: number }, signal?: AbortSignal): Promise<{ digest: Digest; size: number }>;
  has(digest: Digest): Promise<boolean>;
  /** Size in bytes. @throws NotFoundError */
  size(digest: Digest): Promise<number>;
  /** @throws NotFoundError */
  open(digest: Digest): Promise<Readable>;
  /** Whole blob, for manifests and configs. @throws NotFoundError; InvalidArgumentError above `limitBytes` (default 4 MiB). */
  read(digest: Digest, limitBytes?: number): Promise<Buffer>;
  /** Idempotent. */
  remove(digest: Digest): Promise<void>;
  list(): AsyncIterable<{ digest: Digest; size: number }>;
}
