import type { Logger } from '../../base/log.ts';
import type { Digest } from '../content/digest.ts';
import type { SnapshotInfo, Snapshotter } from '../snapshots/snapshotter.ts';
import type { Leases, ResourceKind } from './leases.ts';

/** Whoever needs blobs or committed snapshots says so here. Both are asked synchronously, in the moment of removal. */
export interface Roots {
  needs(kind: ResourceKind, key: string): boolean;
}

/** The part of a content store that collection uses. */
export interface CollectableBlobs {
  list(): AsyncIterable<{ digest: Digest; size: number }>;
  /** In this very turn. */
  removeNow(digest: Digest): void;
}

export interface Collected {
  blobs: Digest[];
  /** Keys of removed committed snapshots, children before parents. */
  snapshots: string[];
  /** Of the blobs. */
  bytes: number;
  /** Disk use of the snapshots; 0 unless it was asked for, because it may take a walk through their files. */
  snapshotBytes: number;
}

/**
 * Mark and sweep over blobs and committed snapshots. What a root needs stays, what a lease holds stays, and a snapshot stays as long as
 * another stands on it. The question and the removal of one object happen in one turn of the event loop, so nothing can take hold of it
 * between them; what takes hold earlier or later is safe either way.
 */
export class GarbageCollector {
  readonly #blobs: CollectableBlobs;
  readonly #snapshotter: Snapshotter;
  readonly #leases: Leases;
  readonly #log: Logger;
  readonly #roots: Roots[] = [];
  #running: Promise<unknown> = Promise.resolve();

  constructor(parts: { blobs: CollectableBlobs; snapshotter: Snapshotter; leases: Leases; log: Logger }) {
    this.#blobs = parts.blobs;
    this.#snapshotter = parts.snapshotter;
    this.#leases = parts.leases;
    this.#log = parts.log;
  }

  addRoots(roots: Roots): void {
    this.#roots.push(roots);
  }

  /** Removes all that nobody needs. Runs one after the other; never fails for one object that cannot be removed, which is logged. */
  collect(options: { measure?: boolean } = {}): Promise<Collected> {
    const run = this.#running.then(() => this.#collect(options.measure === true));
    this.#running = run.catch(() => undefined);
    return run;
  }

  /** Resolves when no collection runs. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #collect(measure: boolean): Promise<Collected> {
    const collected: Collected = { blobs: [], snapshots: [], bytes: 0, snapshotBytes: 0 };
    await this.#sweepSnapshots(collected, measure);
    await this.#sweepBlobs(collected);
    if (collected.blobs.length + collected.snapshots.length > 0) {
      this.#log.info('garbage collected', { blobs: collected.blobs.length, snapshots: collected.snapshots.length, bytes: collected.bytes });
    }
    return collected;
  }

  async #sweepSnapshots(collected: Collected, measure: boolean): Promise<void> {
    const snapshots = new Map<string, SnapshotInfo>();
    const children = new Map<string, number>();
    for await (const snapshot of this.#snapshotter.list()) {
      snapshots.set(snapshot.key, snapshot);
      if (snapshot.parent !== undefined) children.set(snapshot.parent, (children.get(snapshot.parent) ?? 0) + 1);
    }
    const leaves = [...snapshots.values()].filter(({ key, kind }) => kind === 'committed' && !children.has(key));
    for (let leaf = leaves.pop(); leaf !== undefined; leaf = leaves.pop()) {
      const usage = measure && !this.#isNeeded('snapshot', leaf.key) ? await this.#snapshotter.usage(leaf.key).catch(() => undefined) : undefined;
      if (!(await this.#removeSnapshot(leaf.key))) continue;
      collected.snapshots.push(leaf.key);
      collected.snapshotBytes += usage?.bytes ?? 0;
      const left = (children.get(leaf.parent ?? '') ?? 1) - 1;
      const parent = leaf.parent === undefined ? undefined : snapshots.get(leaf.parent);
      if (parent) children.set(parent.key, left);
      if (parent && left === 0) leaves.push(parent);
    }
  }

  async #removeSnapshot(key: string): Promise<boolean> {
    if (this.#isNeeded('snapshot', key)) return false;
    try {
      // The record goes before the first await inside; a child that has come meanwhile makes this fail, as it should.
      await this.#snapshotter.remove(key);
      return true;
    } catch (error) {
      this.#log.warn('snapshot not collected', { key, error });
      return false;
    }
  }

  async #sweepBlobs(collected: Collected): Promise<void> {
    for await (const { digest, size } of this.#blobs.list()) {
      if (this.#isNeeded('blob', digest)) continue;
      try {
        this.#blobs.removeNow(digest);
        collected.blobs.push(digest);
        collected.bytes += size;
      } catch (error) {
        this.#log.warn('blob not collected', { digest, error });
      }
    }
  }

  /** What the next collection would remove, without the snapshots' bytes; after the present one has ended. */
  async unused(): Promise<{ blobs: number; snapshots: number; bytes: number }> {
    await this.idle();
    const unused = { blobs: 0, snapshots: 0, bytes: 0 };
    for await (const { digest, size } of this.#blobs.list()) {
      if (this.#isNeeded('blob', digest)) continue;
      unused.blobs += 1;
      unused.bytes += size;
    }
    const all = await Array.fromAsync(this.#snapshotter.list());
    const parents = new Map(all.map(({ key, parent }) => [key, parent]));
    const needed = new Set<string>();
    for (const { key, kind } of all) {
      if (kind === 'committed' && !this.#isNeeded('snapshot', key)) continue;
      for (let next: string | undefined = key; next !== undefined && !needed.has(next); next = parents.get(next)) needed.add(next);
    }
    return { ...unused, snapshots: all.length - needed.size };
  }

  #isNeeded(kind: ResourceKind, key: string): boolean {
    return this.#leases.isHeld(kind, key) || this.#roots.some((roots) => roots.needs(kind, key));
  }
}
