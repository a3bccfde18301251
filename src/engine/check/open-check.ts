import type { Logger } from '../../base/log.ts';
import type { ContainerRegistry } from '../containers/container-registry.ts';
import type { FileContentStore } from '../content/file-content-store.ts';
import type { GarbageCollector } from '../gc/garbage-collector.ts';
import type { Leases } from '../gc/leases.ts';
import type { ImageRecords } from '../images/image-records.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import type { Database } from '../store/database.ts';
import { BlobStep } from './blob-step.ts';
import { ContainerStep } from './container-step.ts';
import { DatabaseStep } from './database-step.ts';
import { ImageStep } from './image-step.ts';
import { pullCommands } from './pull-commands.ts';
import { SnapshotStep } from './snapshot-step.ts';
import { SystemCheck } from './system-check.ts';

export interface OpenCheckOptions {
  config: { dataRoot: string; execRoot: string };
  database: Database;
  snapshotter: Snapshotter;
  registry: ContainerRegistry;
  images: { records: ImageRecords; content: FileContentStore; leases: Leases; collector: GarbageCollector };
  log: Logger;
}

/** The check, composed. Snapshots and blobs come before images: what a repair has removed there is told as missing here, with the way to get it. */
export function openCheck({ config, database, snapshotter, registry, images, log }: OpenCheckOptions): SystemCheck {
  const { records, content, leases, collector } = images;
  return new SystemCheck({
    log,
    steps: [
      new DatabaseStep(database),
      new SnapshotStep({ snapshotter, leases, hasContainer: (id) => registry.isKnown(id) }),
      new BlobStep({ content, remedyFor: (digest) => records.withBlob(digest).map((id) => pullCommands(records, id)).join(' && ') }),
      new ImageStep({ records, content, snapshotter }),
      new ContainerStep({ registry, snapshotter, ...config }),
    ],
    collect: () => collector.collect(),
    facts: async () => {
      const blobs = await Array.fromAsync(content.list());
      return {
        checked: {
          snapshots: (await Array.fromAsync(snapshotter.list())).length, blobs: blobs.length, blobBytes: blobs.reduce((sum, { size }) => sum + size, 0),
          images: records.count(), containers: registry.list().length,
        },
        unused: await collector.unused(),
      };
    },
  });
}
