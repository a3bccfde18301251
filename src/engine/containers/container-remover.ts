import { ConflictError, NotFoundError } from '../../api/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import type { Volumes } from '../volumes/volumes.ts';
import { announce } from './container-events.ts';
import { removeDirectory } from './container-mounts.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { Container } from './container.ts';
import { imagesOf } from './image-use.ts';
import { imageMountKey, snapshotKey } from './rootfs.ts';

/** What containers may be the last to need of an image. */
export interface ImageLeftovers {
  /** Whether an image is still there under its id. */
  has(imageId: string): boolean;
  /** Removes layers that nobody needs any more. */
  collect(): Promise<unknown>;
}

/** Removes containers and what belongs to them alone. */
export class ContainerRemover {
  readonly #registry: ContainerRegistry;
  readonly #snapshotter: Snapshotter;
  readonly #volumes: Volumes;
  readonly #images: ImageLeftovers;
  readonly #events: EventBus;
  readonly #log: Logger;

  constructor(options: { registry: ContainerRegistry; snapshotter: Snapshotter; volumes: Volumes; images: ImageLeftovers; events: EventBus; log: Logger }) {
    this.#registry = options.registry;
    this.#snapshotter = options.snapshotter;
    this.#volumes = options.volumes;
    this.#images = options.images;
    this.#events = options.events;
    this.#log = options.log;
  }

  /**
   * @param options.force end it first if it runs
   * @param options.volumes its anonymous volumes too
   * @param end ends a container that runs
   * @throws ConflictError when it runs, or is being removed by somebody else
   */
  async remove(container: Container, options: { force: boolean; volumes: boolean }, end: (container: Container) => Promise<void>): Promise<void> {
    if (container.removing) throw new ConflictError(`removal of container ${container.id} is already in progress`);
    if (container.running || container.record.state.phase === 'restarting') {
      if (!options.force) {
        const advice = container.record.state.phase === 'paused' ? 'unpause and then stop the container before removal or force remove' : 'stop the container before removal or force remove';
        throw new ConflictError(`cannot remove container "${container.id}": container is ${container.record.state.phase}: ${advice}`);
      }
      container.removing = true;
      try {
        container.cancelRestart?.();
        if (container.running) await end(container);
      } catch (error) {
        container.removing = false;
        throw error;
      }
    }
    await this.#registry.lock.run(container.id, () => this.removeLocked(container, options.volumes));
  }

  /** As `remove`, of a container that does not run, for a caller who holds its lock. Does nothing if it has gone meanwhile. */
  async removeLocked(container: Container, volumes: boolean): Promise<void> {
    if (this.#registry.find(container.id) !== container) return;
    container.removing = true;
    try {
      const keys = [snapshotKey(container.id), ...container.record.mounts.flatMap(({ type }, number) => (type === 'image' ? [imageMountKey(container.id, number)] : []))];
      for (const key of keys) await this.#snapshotter.remove(key).catch(ignoreNotFound);
      await removeDirectory(container.paths.directory);
      this.#registry.delete(container);
    } catch (error) {
      container.removing = false;
      throw error;
    }
    this.#log.info('container removed', { id: container.id, name: container.record.name });
    // Before anybody is told: who waits for the removal finds its volumes gone too.
    if (volumes) await this.#removeAnonymousVolumes(container);
    // An image that was removed by force has left its layers to its containers: the last one gives them back.
    if (imagesOf(container.record).some((id) => !this.#images.has(id))) await this.#images.collect().catch((error: unknown) => { this.#log.warn('garbage collection failed', { error }); });
    announce(this.#events, container.record, 'destroy');
    container.announceRemoval();
  }

  async #removeAnonymousVolumes(container: Container): Promise<void> {
    const known = new Set(this.#volumes.list().filter((volume) => volume.anonymous).map((volume) => volume.name));
    for (const { name } of container.record.mounts) {
      if (name === undefined || !known.has(name) || this.#volumes.isUsed(name)) continue;
      await this.#volumes.delete(name).catch((error: unknown) => { this.#log.warn('cannot remove an anonymous volume', { volume: name, error }); });
    }
  }
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof NotFoundError)) throw error;
}
