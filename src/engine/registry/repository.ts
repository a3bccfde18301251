import type { Descriptor } from '../images/manifest.ts';

/** How content came to be in a repository. */
export type PushOutcome = 'pushed' | 'exists' | { mountedFrom: string };

/** Where bytes to push come from, at any offset: an upload that broke off goes on where the registry says. */
export type OpenContent = (offset: number) => AsyncIterable<Uint8Array>;

export interface FetchBlobOptions {
  offset?: number;
  signal?: AbortSignal | undefined;
  /** Told once a second while a new attempt is waited for: how many seconds are left. */
  onRetry?: ((seconds: number) => void) | undefined;
}

/**
 * One repository of a registry, for one user, wherever its content may be found (mirrors first, origin last). It knows manifests and
 * blobs by descriptor and nothing of images, stores or progress.
 *
 * Nothing that a registry sends is believed: sizes are bounded by the descriptor, manifests are verified against their digest here,
 * and blobs by whoever keeps them, who then calls `distrust`. Every method ends when its signal aborts, with the signal's reason.
 * Failures: RegistryReplyError (an answer), RegistryUnreachableError (none), RegistryProtocolError (nonsense).
 */
export interface Repository {
  /** As in image names, `docker.io/library/busybox`. */
  readonly name: string;
  /** The descriptor behind a tag or digest, of a manifest or an index. Asks for heads only, where the registry gives them. */
  resolve(reference: string, signal?: AbortSignal): Promise<Descriptor>;
  /** A manifest or index by tag or digest: the very bytes, verified against the digest. */
  manifest(reference: string, signal?: AbortSignal): Promise<{ descriptor: Descriptor; bytes: Buffer }>;
  /**
   * The bytes of a blob from `offset` to its end. Connections that break are taken up again at the byte where they broke. At most
   * `size - offset` bytes are given; the stream fails when there are fewer.
   */
  fetch(blob: Descriptor, options?: FetchBlobOptions): AsyncIterable<Uint8Array>;
  /** The bytes that `fetch` gave for this blob were not its: do not ask that source for it again. False when no other source is left. */
  distrust(blob: Descriptor): boolean;
  /**
   * Puts a blob there, unless it is there already. `mountFrom` are repositories of the same registry that are known to have it.
   * `onBytes` is told how many bytes of it the registry has taken so far; the count falls back when an upload begins anew.
   */
  push(blob: Descriptor, open: OpenContent, options?: { mountFrom?: readonly string[]; signal?: AbortSignal | undefined; onBytes?: (sent: number) => void }): Promise<PushOutcome>;
  /** Puts a manifest under its digest, or under a tag as well. What it refers to must be there. Idempotent. */
  tag(manifest: Descriptor, bytes: Uint8Array, tag: string | undefined, signal?: AbortSignal): Promise<void>;
  /** The tags, in the registry's order. */
  tags(signal?: AbortSignal): AsyncIterable<string>;
}
