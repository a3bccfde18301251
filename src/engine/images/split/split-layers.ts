import { access } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Logger } from '../../../base/log.ts';
import type { DerivedBlobs } from '../../content/file-content-store.ts';
import type { Digest } from '../../content/digest.ts';
import type { GarbageCollector } from '../../gc/garbage-collector.ts';
import type { Leases } from '../../gc/leases.ts';
import type { Snapshotter } from '../../snapshots/snapshotter.ts';
import type { ImageRecords } from '../image-records.ts';
import { rebuildLayer, splitPathOf } from './rebuild-layer.ts';

export interface SplitLayersParts {
  records: ImageRecords;
  snapshotter: Snapshotter;
  leases: Leases;
  collector: GarbageCollector;
  log: Logger;
}

/**
 * Layers that are kept unpacked only. Their blob is then the plain tar, which is put together again whenever somebody reads it; an image
 * keeps its id and its diffIds, while its manifest is made anew when it leaves.
 */
export class SplitLayers implements DerivedBlobs {
  readonly #parts: SplitLayersParts;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: SplitLayersParts) {
    this.#parts = parts;
  }

  async find(digest: Digest): Promise<{ size: number; open(): Readable } | undefined> {
    const { records, snapshotter } = this.#parts;
    for (const { chainId, tarBytes } of records.splits(digest)) {
      const found = await snapshotter.stat(chainId).catch(() => undefined);
      if (!found || !(await exists(splitPathOf(found.sidecar)))) continue;
      return { size: tarBytes, open: () => Readable.from(rebuildLayer(splitPathOf(found.sidecar), found.directory, digest), { objectMode: false, highWaterMark: 1024 * 1024 }) };
    }
    return undefined;
  }

  /** Gives up, in the background and one after the other, every blob that can be done without. */
  reduce(): void {
    this.#running = this.#running.then(() => this.#reduce()).catch((error: unknown) => { this.#parts.log.warn('layer blobs not reduced', { error }); });
  }

  async #reduce(): Promise<void> {
    const { records, leases, collector, log } = this.#parts;
    let reduced = 0;
    for (const { chainId, diffId } of records.unsplitLayers()) {
      if (this.#closed) return;
      using lease = leases.acquire();
      lease.hold('snapshot', chainId);
      const tarBytes = await this.#verify(chainId, diffId);
      if (tarBytes === undefined) continue;
      records.addSplit({ chainId, diffId, tarBytes });
      reduced += 1;
      log.debug('layer is kept unpacked only', { diffId });
    }
    if (reduced > 0) await collector.collect();
  }

  /** @returns the length of the tar; undefined when it does not come out right: then the blob stays */
  async #verify(chainId: Digest, diffId: Digest): Promise<number | undefined> {
    const found = await this.#parts.snapshotter.stat(chainId).catch(() => undefined);
    if (!found || !(await exists(splitPathOf(found.sidecar)))) return undefined;
    let bytes = 0;
    try {
      for await (const chunk of rebuildLayer(splitPathOf(found.sidecar), found.directory, diffId)) {
        if (this.#closed) return undefined;
        bytes += chunk.length;
      }
    } catch (error) {
      this.#parts.log.debug('layer keeps its blob', { diffId, error });
      return undefined;
    }
    return bytes;
  }

  /** Resolves when nothing is being given up any more. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
