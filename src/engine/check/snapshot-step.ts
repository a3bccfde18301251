import { statSync } from 'node:fs';
import { NotFoundError } from '../../api/errors.ts';
import { containerOfKey } from '../containers/rootfs.ts';
import type { Leases } from '../gc/leases.ts';
import { UNPACKING_PREFIX } from '../images/layer-store.ts';
import type { SnapshotInfo, Snapshotter } from '../snapshots/snapshotter.ts';
import type { CheckStep, Finding, StepContext } from './finding.ts';

export interface SnapshotStepParts {
  snapshotter: Snapshotter;
  leases: Leases;
  /** Whether a container of this id exists or is being made. */
  hasContainer: (id: string) => boolean;
}

/** Every snapshot has its files and somebody who needs it; every directory has its snapshot. */
export class SnapshotStep implements CheckStep {
  readonly name = 'snapshots';
  readonly #parts: SnapshotStepParts;

  constructor(parts: SnapshotStepParts) {
    this.#parts = parts;
  }

  async *run({ signal, progress }: StepContext): AsyncIterable<Finding> {
    const { snapshotter } = this.#parts;
    const all = await Array.fromAsync(snapshotter.list());
    for (const [index, snapshot] of all.entries()) {
      signal.throwIfAborted();
      progress(index, all.length);
      if (!isDirectory(snapshot.directory) && await this.#isThere(snapshot)) yield this.#withoutFiles(snapshot, all);
      else if (this.#isForsaken(snapshot) && await this.#isThere(snapshot) && this.#isForsaken(snapshot)) yield this.#orphan(snapshot);
    }
    progress(all.length, all.length);
    for (const path of snapshotter.strays()) {
      yield { kind: 'orphan', subject: path, text: 'a directory that belongs to no snapshot', repair: () => snapshotter.recover() };
    }
  }

  async #isThere({ key }: SnapshotInfo): Promise<boolean> {
    return this.#parts.snapshotter.stat(key).then(() => true, () => false);
  }

  /** Made for a container that is not there, or by an unpacking that nobody is at any more. */
  #isForsaken({ key, kind }: SnapshotInfo): boolean {
    if (kind === 'committed') return false;
    const container = containerOfKey(key);
    if (container !== undefined) return !this.#parts.hasContainer(container);
    return key.startsWith(UNPACKING_PREFIX) && !this.#parts.leases.isHeld('snapshot', key);
  }

  #orphan({ key }: SnapshotInfo): Finding {
    return { kind: 'orphan', subject: key, text: 'a writable snapshot of something that is not there any more', repair: () => remove(this.#parts.snapshotter, key) };
  }

  #withoutFiles(snapshot: SnapshotInfo, all: readonly SnapshotInfo[]): Finding {
    const above = descendants(snapshot.key, all);
    const users = above.filter(({ kind }) => kind !== 'committed').map(({ key }) => containerOfKey(key) ?? key);
    const finding = { kind: 'missing', subject: snapshot.key, text: `the files of this ${snapshot.kind === 'committed' ? 'layer' : 'snapshot'} are gone: ${snapshot.directory}` } as const;
    if (snapshot.kind !== 'committed') return { ...finding, remedy: `docker rm -f ${(containerOfKey(snapshot.key) ?? snapshot.key).slice(0, 12)}` };
    if (users.length > 0) return { ...finding, remedy: `docker rm -f ${[...new Set(users)].map((id) => id.slice(0, 12)).join(' ')}, then repair again` };
    // The records go, from the top down, and a pull makes the layers again.
    return { ...finding, repair: async () => { for (const { key } of [...above.reverse(), snapshot]) await remove(this.#parts.snapshotter, key); } };
  }
}

/** All that stands on `key`, what stands on something else after it. */
function descendants(key: string, all: readonly SnapshotInfo[]): SnapshotInfo[] {
  const found: SnapshotInfo[] = [];
  for (let keys = new Set([key]); keys.size > 0;) {
    const next = all.filter(({ parent }) => parent !== undefined && keys.has(parent));
    found.push(...next);
    keys = new Set(next.map((snapshot) => snapshot.key));
  }
  return found;
}

async function remove(snapshotter: Snapshotter, key: string): Promise<void> {
  await snapshotter.remove(key).catch((error: unknown) => { if (!(error instanceof NotFoundError)) throw error; });
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
