import { silentLogger } from '../../src/base/log.ts';
import { openImages, type OpenedImages } from '../../src/engine/images/open-images.ts';
import { parseReference } from '../../src/engine/images/reference.ts';
import { type OpenedTransfers, openTransfers } from '../../src/engine/images/transfer/open-transfers.ts';
import type { PullProgress, PushProgress } from '../../src/engine/images/transfer/transfer-progress.ts';
import type { RegistriesOptions } from '../../src/engine/registry/registries.ts';
import { NativeSnapshotter } from '../../src/engine/snapshots/native-snapshotter.ts';
import { OverlaySnapshotter } from '../../src/engine/snapshots/overlay-snapshotter.ts';
import type { Snapshotter } from '../../src/engine/snapshots/snapshotter.ts';
import { openDatabase } from '../../src/engine/store/database.ts';
import { Scratch } from '../fixtures/scratch.ts';

/** The image half of an engine, in this process: it reaches whatever the test serves. Snapshots are plain directories unless layering is asked for. */
export class Store implements AsyncDisposable {
  readonly images: OpenedImages;
  readonly transfers: OpenedTransfers;
  readonly snapshotter: Snapshotter;
  readonly events: string[];
  readonly #cleanup: AsyncDisposableStack;
  private constructor(parts: { images: OpenedImages; transfers: OpenedTransfers; snapshotter: Snapshotter; events: string[] }, cleanup: AsyncDisposableStack) {
    this.images = parts.images;
    this.transfers = parts.transfers;
    this.snapshotter = parts.snapshotter;
    this.events = parts.events;
    this.#cleanup = cleanup;
  }

  static async open(registries: Partial<RegistriesOptions> = {}, options: { layering?: Snapshotter['layering']; dataRoot?: string } = {}): Promise<Store> {
    await using cleanup = new AsyncDisposableStack();
    const scratch = cleanup.use(await Scratch.create('trans'));
    const database = cleanup.use(openDatabase(scratch.file('db'), silentLogger));
    const snapshotter = options.layering === 'stacked' ? new OverlaySnapshotter(database, scratch.file('overlay')) : new NativeSnapshotter(database, scratch.file('native'));
    await snapshotter.recover();
    const events: string[] = [];
    const announce = ({ action, id }: { action: string; id: string }): void => { events.push(`${action} ${id}`); };
    const images = await openImages({ config: { dataRoot: options.dataRoot ?? scratch.path }, database, snapshotter, log: silentLogger, architecture: 'amd64', users: () => [], announce });
    cleanup.defer(() => images.close());
    const config = { registryMirrors: [], insecureRegistries: [], maxConcurrentDownloads: 3, maxConcurrentUploads: 5 };
    const transfers = cleanup.use(openTransfers({ config, ...images, announce, version: 'test', log: silentLogger, registries }));
    return new Store({ images, transfers, snapshotter, events }, cleanup.move());
  }

  async pull(name: string): Promise<PullProgress[]> {
    const progress: PullProgress[] = [];
    await this.transfers.puller.pull(parseReference(name), { visitor: {}, onProgress: (one) => progress.push(one) });
    return progress;
  }

  async push(name: string): Promise<PushProgress[]> {
    const progress: PushProgress[] = [];
    await this.transfers.pusher.push(parseReference(name), { visitor: {}, onProgress: (one) => progress.push(one) });
    return progress;
  }

  /** Everything that it holds after a collection: blobs, snapshots, images. To be empty after a pull that failed. */
  async leftovers(): Promise<string[]> {
    await this.images.collector.collect();
    const blobs = await Array.fromAsync(this.images.content.list());
    const snapshots = await Array.fromAsync(this.snapshotter.list());
    return [...blobs.map(({ digest }) => `blob ${digest}`), ...snapshots.map(({ key }) => `snapshot ${key}`), ...(await this.images.source.count() > 0 ? ['an image'] : [])];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup[Symbol.asyncDispose]();
  }
}
