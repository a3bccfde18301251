import type { Mount } from './mount.ts';

/**
 * Keeps file trees as stacks: a *committed* snapshot is immutable and may be a parent; an *active* snapshot is writable and has
 * no children; a *view* is a read-only active one. It knows nothing of images, containers or tar.
 *
 * Keys are chosen by the caller (`[A-Za-z0-9:._-]{1,255}`) and unique over all kinds. `prepare` and `view` on a key that exists
 * throw ConflictError; everything on a key that does not exist throws NotFoundError. All operations survive a crash at any
 * point: after reopening, a snapshot is there whole or not at all, and what a crash left half-made is cleared by `recover`.
 */
export interface Snapshotter {
  readonly name: 'overlay' | 'native';
  /** How removals of the parent's files are written into `directory`, and whether a parent may be given at `commit`. */
  readonly layering: Layering;
  /** Makes a writable snapshot over `parent` (a committed key) or over nothing, and says how to mount it. */
  prepare(key: string, parent: string | undefined): Promise<readonly Mount[]>;
  /** As `prepare`, read-only. */
  view(key: string, parent: string): Promise<readonly Mount[]>;
  /** How to mount an active snapshot or view that exists. ConflictError for a committed one. */
  mounts(key: string): Promise<readonly Mount[]>;
  /**
   * Turns the active snapshot `key` into the committed snapshot `name`; `key` is gone afterwards. Must not be mounted. ConflictError if
   * `name` exists. `rebase` puts a snapshot that was prepared over nothing onto a parent (InvalidArgumentError where `layering` is `merged`).
   */
  commit(name: string, key: string, rebase?: { parent: string }): Promise<void>;
  /**
   * Gives the files of the active snapshot `by`, which is gone afterwards, to the committed snapshot `key`: they show the same tree, made anew.
   * Neither may be mounted, nor anything that stands on them.
   */
  replace(key: string, by: string): Promise<void>;
  /** Takes the name from a committed snapshot: what stands on it goes on, and nobody else finds it. @returns the key that it has from then on */
  disown(key: string): string;
  /** Removes a snapshot. ConflictError while it has children. The caller has unmounted it. Space is given back before this resolves. */
  remove(key: string): Promise<void>;
  stat(key: string): Promise<SnapshotInfo>;
  /**
   * Bytes (as the disk counts them) and inodes of this snapshot alone, not its parents: of a committed one all that its removal gives back, the
   * sidecar included; of an active one what has been written into it.
   */
  usage(key: string): Promise<{ bytes: number; inodes: number }>;
  list(): AsyncIterable<SnapshotInfo>;
  /** Paths of files that belong to no snapshot: what a crash, or a removal that failed, left. What is being made or removed now does not count. */
  strays(): string[];
  /** Deletes them. Called before anything else, and safe at any time later. */
  recover(): Promise<void>;
}

/**
 * `stacked`: `directory` holds only this snapshot's own files, with overlayfs' marks for what it removes from its parents.
 * `merged`: `directory` holds the whole tree, parents included.
 */
export type Layering = 'stacked' | 'merged';

export interface SnapshotInfo {
  key: string;
  kind: 'active' | 'view' | 'committed';
  parent: string | undefined;
  /** Where this snapshot's own files lie (overlay: the upper directory of an active one, the layer directory of a committed one). */
  directory: string;
  /**
   * Path of one file beside `directory`, for what somebody derives from the files. It is not there at first, stays over a commit and goes with
   * the snapshot; a snapshot that is prepared over this one has one of its own.
   */
  sidecar: string;
}
