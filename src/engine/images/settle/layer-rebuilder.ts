import { createHash, randomBytes } from 'node:crypto';
import type { ContentStore } from '../../content/content-store.ts';
import type { Digest } from '../../content/digest.ts';
import { Growth } from '../../content/growth.ts';
import type { Leases } from '../../gc/leases.ts';
import type { Snapshotter } from '../../snapshots/snapshotter.ts';
import type { LayerRecord } from '../image-records.ts';
import { UNPACKING_PREFIX } from '../layer-store.ts';
import { splitPathOf } from '../split/rebuild-layer.ts';
import { inheritDirectories } from '../unpack/inherit-directories.ts';
import type { Unpacker } from '../unpack/unpack-pool.ts';

export interface LayerRebuilderParts {
  content: Pick<ContentStore, 'open'>;
  snapshotter: Snapshotter;
  unpacker: Unpacker;
  leases: Leases;
  pathOf: (digest: Digest) => string;
  /** Whether layers get a split file. */
  split: boolean;
}

/** Makes the files of committed layers anew from their blobs. */
export class LayerRebuilder {
  readonly #parts: LayerRebuilderParts;

  constructor(parts: LayerRebuilderParts) {
    this.#parts = parts;
  }

  /** Nothing may be mounted that stands on the layer; the layers below are right. @throws Error when the blob is not what it should be */
  async rebuild({ chainId, blob, diffId }: LayerRecord): Promise<void> {
    const { snapshotter, unpacker, leases, pathOf, split } = this.#parts;
    await this.verify(blob);
    const { parent } = await snapshotter.stat(chainId);
    const key = `${UNPACKING_PREFIX}${randomBytes(8).toString('hex')}`;
    using lease = leases.acquire();
    lease.hold('snapshot', key);
    const stacked = snapshotter.layering === 'stacked';
    await snapshotter.prepare(key, stacked ? undefined : parent);
    try {
      const { directory, sidecar } = await snapshotter.stat(key);
      const result = await unpacker.unpack({ blob: Growth.ofWhole(pathOf(blob)), directory, layering: snapshotter.layering, indexPath: sidecar, splitPath: split ? splitPathOf(sidecar) : undefined });
      if (result.diffId !== diffId) throw new Error(`layer ${diffId} comes out as ${result.diffId}`);
      if (stacked && parent !== undefined) await inheritDirectories(snapshotter, { directory, parent, names: result.impliedDirectories });
      await snapshotter.replace(chainId, key);
    } catch (error) {
      await snapshotter.remove(key).catch(() => undefined);
      throw error;
    }
  }

  /** @throws NotFoundError, Error */
  async verify(blob: Digest): Promise<void> {
    const hash = createHash('sha256');
    for await (const chunk of await this.#parts.content.open(blob) as AsyncIterable<Uint8Array>) hash.update(chunk);
    const found = `sha256:${hash.digest('hex')}`;
    if (found !== blob) throw new Error(`blob ${blob} holds something else`);
  }
}
