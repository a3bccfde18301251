import { join } from 'node:path';
import type { Logger } from '../../base/log.ts';
import { FileContentStore } from '../content/file-content-store.ts';
import { GarbageCollector } from '../gc/garbage-collector.ts';
import { Leases } from '../gc/leases.ts';
import { syncTree } from '../linux/sync-tree.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import type { Database } from '../store/database.ts';
import { ImageExplorer } from './explore/image-explorer.ts';
import { ImageFinder } from './image-finder.ts';
import { ImagePruner } from './image-pruner.ts';
import { ImageRecords } from './image-records.ts';
import { ImageRemover } from './image-remover.ts';
import { ImageService } from './image-service.ts';
import type { ImageListener, ImageSource, ImageUsers } from './image.ts';
import { LayerStore } from './layer-store.ts';
import { ImageLoader } from './load/image-loader.ts';
import { ImageMaker } from './make/image-maker.ts';
import { ImageSaver } from './save/image-saver.ts';
import { type OpenedSettling, openSettling } from './settle/open-settling.ts';
import { SplitLayers } from './split/split-layers.ts';
import { UnpackPool } from './unpack/unpack-pool.ts';

export interface OpenImagesOptions {
  config: { dataRoot: string; keepLayerBlobs?: boolean };
  database: Database;
  /** Recovered. */
  snapshotter: Snapshotter;
  log: Logger;
  /** `amd64` or `arm64`. */
  architecture: string;
  users: ImageUsers;
  /** Which life of the machine this is; asked of the kernel unless given. */
  bootId?: string;
  /** Waits until everything written below the data root is on the disk; asks the kernel unless given. */
  sync?: (dataRoot: string) => Promise<void>;
  announce: ImageListener;
}

/** The image half of the engine, composed and recovered. */
export interface OpenedImages {
  source: ImageSource;
  splits: SplitLayers;
  settler: OpenedSettling['settler'];
  service: ImageService;
  explorer: ImageExplorer;
  content: FileContentStore;
  collector: GarbageCollector;
  leases: Leases;
  records: ImageRecords;
  layers: LayerStore;
  maker: ImageMaker;
  close(): Promise<void>;
}

/** Opens the images below a data root: clears what a dead engine left half-made, and collects garbage in the background. */
export async function openImages(options: OpenImagesOptions): Promise<OpenedImages> {
  const { config, database, snapshotter, users, announce } = options;
  const log = options.log.child({ part: 'images' });
  const content = new FileContentStore(join(config.dataRoot, 'content'));
  const records = new ImageRecords(database);
  const finder = new ImageFinder(records);
  const leases = new Leases();
  const collector = new GarbageCollector({ blobs: content, snapshotter, leases, log });
  collector.addRoots(records);
  const unpacker = new UnpackPool();
  const layers = new LayerStore({ snapshotter, unpacker, records, leases, pathOf: (digest) => content.pathOf(digest), log, split: config.keepLayerBlobs === false });
  await layers.recover();
  const splits = new SplitLayers({ records, snapshotter, leases, collector, log });
  content.derive(splits);
  const settling = await openSettling({ database, records, content, snapshotter, unpacker, leases, collector, sync: () => (options.sync ?? syncTree)(config.dataRoot), split: config.keepLayerBlobs === false, log, ...(options.bootId === undefined ? {} : { bootId: options.bootId }) });
  if (config.keepLayerBlobs === false) {
    splits.reduce();
    settling.onSettled(() => { splits.reduce(); });
  }
  collector.collect().catch((error: unknown) => { log.warn('garbage collection failed', { error }); });
  const remover = new ImageRemover({ records, finder, collector, users, announce });
  const service = new ImageService({
    records, finder, content, snapshotter, users, announce,
    loader: new ImageLoader({ content, records, layers, leases, collector, announce }),
    saver: new ImageSaver({ content, records, finder, leases, announce }),
    remover, pruner: new ImagePruner({ records, finder, remover, collector, users, dropBegun: () => content.dropBegun() }),
  });
  const explorer = new ImageExplorer({ records, finder, snapshotter, unpacker, leases, users, pathOf: (digest) => content.pathOf(digest), log });
  return {
    source: finder, splits, settler: settling.settler, service, explorer, content, collector, leases, records, layers,
    maker: new ImageMaker({ content, records, layers, leases, collector }),
    close: async () => {
      settling.close();
      await splits.close();
      await unpacker[Symbol.asyncDispose]();
      await collector.idle();
    },
  };
}
