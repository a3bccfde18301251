import { randomBytes } from 'node:crypto';
import { closeSync, constants, existsSync, mkdirSync, openSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConflictError } from '../../../api/errors.ts';
import { Cleanup } from '../../../base/cleanup.ts';
import type { Logger } from '../../../base/log.ts';
import { statDescriptor } from '../../linux/descriptor.ts';
import { mountAll, unmountAll } from '../../linux/mount.ts';
import { O_PATH } from '../../linux/open-in-root.ts';
import type { Mount } from '../../snapshots/mount.ts';
import type { Snapshotter } from '../../snapshots/snapshotter.ts';
import type { ContainerRegistry } from '../container-registry.ts';
import type { Container } from '../container.ts';
import { shared, snapshotKey } from '../rootfs.ts';
import type { Volumes } from '../../volumes/volumes.ts';
import { prepareSources } from '../container-mounts.ts';
import { clearPlaces, openPlaces, placedMounts } from '../mount-places.ts';
import { mountInside } from './mount-inside.ts';

/** A container's files, held in place: whoever has a view can go on whatever becomes of the container. */
export interface ContainerView extends AsyncDisposable {
  /** Its root directory (O_PATH). Below it lies what the container sees, or its own files alone, as was asked for. */
  readonly root: number;
  /** Where its root file system without anything mounted in it is to be found on this machine. */
  readonly rootfs: string;
}

/** What has changed in a container: its own files, and the whole tree that it started from. */
export interface ComparableView extends AsyncDisposable {
  readonly upper: number;
  readonly lower: number | undefined;
}

const DIRECTORY = O_PATH | constants.O_DIRECTORY;
const PARENT_PREFIX = 'parent-of-';

/**
 * Opens views of containers. What runs is seen through its own root, volumes, binds and tmpfs included; what does not is mounted aside, with its
 * volumes and binds. All mounts of a view lie in a directory of its own and go with it.
 */
export class ContainerViews implements AsyncDisposable {
  readonly #registry: ContainerRegistry;
  readonly #snapshotter: Snapshotter;
  readonly #volumes: Volumes;
  readonly #home: string;
  readonly #log: Logger;
  readonly #open = new Set<Cleanup>();

  /** @param options.home a directory for mounts, not to outlive the machine's run */
  constructor(options: { registry: ContainerRegistry; snapshotter: Snapshotter; volumes: Volumes; home: string; log: Logger }) {
    this.#registry = options.registry;
    this.#snapshotter = options.snapshotter;
    this.#volumes = options.volumes;
    this.#home = options.home;
    this.#log = options.log;
  }

  /** Takes away what a dead engine left. Call once, before anything else. */
  async recover(): Promise<void> {
    mkdirSync(this.#home, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(this.#home)) await takeApart(join(this.#home, name));
    for await (const { key, kind } of this.#snapshotter.list()) if (kind === 'view' && key.startsWith(PARENT_PREFIX)) await this.#snapshotter.remove(key);
  }

  /** Takes all views apart, whoever uses them: the engine ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const undo of this.#open) await undo[Symbol.asyncDispose]();
  }

  /** @param what `mounted`: with everything that is mounted in it; `own`: the container's files alone. @throws ConflictError when it is being removed */
  open(container: Container, what: 'mounted' | 'own'): Promise<ContainerView> {
    return this.#make(container, async (directory, undo) => {
      const base = join(directory, 'base');
      // Held until the end: the container may stop and start again meanwhile.
      mountAll(await this.#mounts(container), base);
      container.views.add(base);
      undo.push(() => { container.views.delete(base); });
      const root = what === 'own' ? openSync(base, DIRECTORY) : await this.#openMounted(container, base, directory, undo);
      undo.push(() => { closeSync(root); });
      return { root, rootfs: base };
    });
  }

  /** @throws ConflictError when it is being removed */
  openComparison(container: Container): Promise<ComparableView> {
    return this.#make(container, async (directory, undo) => {
      const { directory: own, parent } = await this.#snapshotter.stat(snapshotKey(container.id));
      const upper = openSync(own, DIRECTORY);
      undo.push(() => { closeSync(upper); });
      if (parent === undefined) return { upper, lower: undefined };
      const key = `${PARENT_PREFIX}${container.id}-${randomBytes(6).toString('hex')}`;
      const mounts = await this.#snapshotter.view(key, parent);
      undo.push(() => this.#snapshotter.remove(key));
      const base = join(directory, 'base');
      mountAll(mounts, base);
      undo.push(() => unmountAll(base));
      const lower = openSync(base, DIRECTORY);
      undo.push(() => { closeSync(lower); });
      return { upper, lower };
    });
  }

  async #make<T extends object>(container: Container, work: (directory: string, undo: Cleanup) => Promise<T>): Promise<T & AsyncDisposable> {
    const undo = new Cleanup((error) => { this.#log.warn('cannot take a view of a container apart', { id: container.id, error }); });
    try {
      return await this.#registry.lock.run(container.id, async () => {
        if (container.removing || this.#registry.find(container.id) !== container) throw new ConflictError(`container ${container.id} is being removed`);
        const directory = join(this.#home, randomBytes(8).toString('hex'));
        for (const path of [directory, join(directory, 'base'), join(directory, 'root')]) mkdirSync(path, { mode: 0o700 });
        undo.push(() => takeApart(directory));
        const made = await work(directory, undo);
        this.#open.add(undo);
        undo.push(() => { this.#open.delete(undo); });
        return Object.assign(made, { [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() });
      });
    } catch (error) {
      await undo[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #mounts(container: Container): Promise<readonly Mount[]> {
    if (container.running) return [{ type: 'bind', source: container.paths.rootfs, options: ['bind', 'private'] }];
    return shared(container) ?? await this.#snapshotter.mounts(snapshotKey(container.id));
  }

  async #openMounted(container: Container, base: string, directory: string, undo: Cleanup): Promise<number> {
    const live = container.running ? openLiveRoot(container, base) : undefined;
    if (live !== undefined) return live;
    await prepareSources(container.record.mounts);
    const places = join(directory, 'places');
    await openPlaces(container, { holder: directory, places, volumes: this.#volumes, snapshotter: this.#snapshotter }, undo);
    const root = join(directory, 'root');
    mountInside(base, root, { paths: container.paths, record: { ...container.record, mounts: placedMounts(container.record.mounts, places) } });
    return openSync(root, DIRECTORY);
  }
}

/**
 * The root of a container's first process, in its own mount namespace. Nothing is believed: unless it is the container's root directory (the
 * process may have ended, or gone into another root), there is none.
 */
function openLiveRoot(container: Container, base: string): number | undefined {
  let fd;
  try {
    fd = openSync(`/proc/${container.record.state.pid}/root`, DIRECTORY);
  } catch {
    return undefined;
  }
  const [seen, own] = [statDescriptor(fd), statSync(base, { bigint: true })];
  if (seen.dev === own.dev && seen.ino === own.ino) return fd;
  closeSync(fd);
  return undefined;
}

/** Never more than mounts and empty directories: what is still mounted is not deleted. */
async function takeApart(directory: string): Promise<void> {
  for (const name of ['root', 'base']) {
    const path = join(directory, name);
    await unmountAll(path);
    rmdirSync(path);
  }
  const places = join(directory, 'places');
  await clearPlaces(places);
  // A place may be a file.
  for (const name of await readdir(places).catch(() => [])) await rm(join(places, name)).catch(() => { rmdirSync(join(places, name)); });
  if (existsSync(places)) rmdirSync(places);
  rmdirSync(directory);
}
