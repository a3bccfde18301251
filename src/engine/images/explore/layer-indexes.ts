import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Logger } from '../../../base/log.ts';
import { SingleFlight } from '../../../base/single-flight.ts';
import type { Digest } from '../../content/digest.ts';
import { Growth } from '../../content/growth.ts';
import { decodeLayerIndex } from '../../explorer/layer-index-format.ts';
import type { LayerIndex } from '../../explorer/layer-index.ts';
import type { Leases } from '../../gc/leases.ts';
import type { Snapshotter } from '../../snapshots/snapshotter.ts';
import type { LayerRecord } from '../image-records.ts';
import { UNPACKING_PREFIX } from '../layer-store.ts';
import type { Unpacker } from '../unpack/unpack-pool.ts';

export interface LayerIndexesParts {
  snapshotter: Snapshotter;
  unpacker: Unpacker;
  leases: Leases;
  pathOf: (digest: Digest) => string;
  log: Logger;
}

/** The indexes that lie beside the snapshots of layers. */
export class LayerIndexes {
  readonly #parts: LayerIndexesParts;
  readonly #making = new SingleFlight<LayerIndex>();

  constructor(parts: LayerIndexesParts) {
    this.#parts = parts;
  }

  /**
   * Reads a layer's index; one that is missing or damaged is made anew from the blob. The caller holds blob and snapshot.
   * @throws NotFoundError when the snapshot is not there; whatever unpacking throws
   */
  async get(layer: LayerRecord): Promise<LayerIndex> {
    const { sidecar } = await this.#parts.snapshotter.stat(layer.chainId);
    const found = await this.#read(sidecar, layer);
    return found ?? this.#making.run(layer.chainId, () => this.#make(sidecar, layer));
  }

  async #read(path: string, { chainId }: LayerRecord): Promise<LayerIndex | undefined> {
    const bytes = await readFile(path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    try {
      return bytes && decodeLayerIndex(bytes);
    } catch (error) {
      this.#parts.log.warn('layer index made anew', { chainId, error });
      return undefined;
    }
  }

  /** Unpacks the layer once more, onto the same layers, and keeps only the index: so it is the one that the first unpacking makes. */
  async #make(sidecar: string, { chainId, blob }: LayerRecord): Promise<LayerIndex> {
    const { snapshotter, unpacker, leases, pathOf } = this.#parts;
    const key = `${UNPACKING_PREFIX}${randomBytes(8).toString('hex')}`;
    using lease = leases.acquire();
    // Tells a check of the store that somebody is at work here.
    lease.hold('snapshot', key);
    const { parent } = await snapshotter.stat(chainId);
    await snapshotter.prepare(key, snapshotter.layering === 'merged' ? parent : undefined);
    try {
      const made = await snapshotter.stat(key);
      await unpacker.unpack({ blob: Growth.ofWhole(pathOf(blob)), directory: made.directory, layering: snapshotter.layering, indexPath: made.sidecar });
      const bytes = await readFile(made.sidecar);
      await writeFile(`${sidecar}.new`, bytes, { mode: 0o600 });
      await rename(`${sidecar}.new`, sidecar);
      return decodeLayerIndex(bytes);
    } finally {
      await snapshotter.remove(key);
    }
  }
}
