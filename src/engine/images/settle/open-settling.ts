import { readFileSync } from 'node:fs';
import type { Logger } from '../../../base/log.ts';
import type { FileContentStore } from '../../content/file-content-store.ts';
import type { GarbageCollector } from '../../gc/garbage-collector.ts';
import type { Leases } from '../../gc/leases.ts';
import type { Snapshotter } from '../../snapshots/snapshotter.ts';
import type { Database } from '../../store/database.ts';
import type { ImageRecords } from '../image-records.ts';
import type { Unpacker } from '../unpack/unpack-pool.ts';
import { ContentSettler } from './content-settler.ts';
import { LayerRebuilder } from './layer-rebuilder.ts';
import { PowerCutRepair } from './power-cut-repair.ts';
import { UnsettledRecords } from './unsettled-records.ts';

export interface OpenSettlingOptions {
  database: Database;
  records: ImageRecords;
  content: FileContentStore;
  snapshotter: Snapshotter;
  unpacker: Unpacker;
  leases: Leases;
  collector: GarbageCollector;
  /** Waits until everything written so far is on the disk. */
  sync: () => Promise<void>;
  /** Whether layers get a split file. */
  split: boolean;
  /** Which life of the machine this is; asked of the kernel unless given. */
  bootId?: string;
  log: Logger;
}

export interface OpenedSettling {
  settler: ContentSettler;
  /** @param settled is called after images have got to the disk */
  onSettled(settled: () => void): void;
  close(): void;
}

/** Repairs what the machine's going down may have spoilt, before anybody uses it, and from then on sees to it that images get to the disk. */
export async function openSettling(options: OpenSettlingOptions): Promise<OpenedSettling> {
  const { records, content, collector, sync, log } = options;
  const listeners: (() => void)[] = [];
  const unsettled = new UnsettledRecords(options.database);
  const settler = new ContentSettler({ records: unsettled, sync, log, onSettled: () => { for (const settled of listeners) settled(); } });
  const bootId = options.bootId ?? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const before = unsettled.begin(bootId);
  // What the page cache holds survives an engine, but not its machine.
  const marks = unsettled.list().filter(({ boot }) => boot !== bootId);
  if (marks.length > 0) await new PowerCutRepair({ ...options, unsettled, rebuilder: new LayerRebuilder({ ...options, pathOf: (digest) => content.pathOf(digest) }) }).run(marks);
  if (marks.length > 0 || (before !== undefined && before !== bootId)) {
    // What no image needs, nothing vouches for: nobody may find it.
    content.dropBegun();
    await collector.collect();
  }
  if (unsettled.list().length > 0) settler.schedule();
  records.onAdded(() => { settler.schedule(); });
  return { settler, onSettled: (settled) => { listeners.push(settled); }, close: () => { settler.close(); unsettled.end(); } };
}
