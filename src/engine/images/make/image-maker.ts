import { decompress } from '../../archive/decompress.ts';
import type { BlobInfo, ContentStore } from '../../content/content-store.ts';
import { type Digest, digestOf } from '../../content/digest.ts';
import type { GarbageCollector } from '../../gc/garbage-collector.ts';
import type { Lease, Leases } from '../../gc/leases.ts';
import type { ImageRecord, ImageRecords } from '../image-records.ts';
import type { LayerBlob, LayerStore } from '../layer-store.ts';
import type { Reference } from '../reference.ts';
import { composeConfig, type ImageDescription } from './compose-config.ts';

export interface ImageToMake {
  /** The image that this one stands on: its layers and its history come first, and it is recorded as the parent. */
  parent: ImageRecord | undefined;
  /** A tar of what is added, compressed or not; undefined adds nothing. */
  layer: AsyncIterable<Uint8Array> | undefined;
  description: Omit<ImageDescription, 'created'>;
  /** The name that the image gets, taken from the one that has it. */
  reference: Reference | undefined;
}

/** A tar of nothing: two zero blocks. Over a parent it is no layer, as in docker. */
const EMPTY_TAR = digestOf(new Uint8Array(1024));

/**
 * Makes images here: a layer onto others, a config, and all of it into the records in one transaction. One lease spans it; what fails leaves
 * nothing. It announces nothing: the caller knows what has happened.
 */
export class ImageMaker {
  readonly #parts: { content: ContentStore; records: ImageRecords; layers: LayerStore; leases: Leases; collector: GarbageCollector };

  constructor(parts: { content: ContentStore; records: ImageRecords; layers: LayerStore; leases: Leases; collector: GarbageCollector }) {
    this.#parts = parts;
  }

  /** @throws InvalidArgumentError when the layer is no tar; the signal's reason when it aborts */
  async make(image: ImageToMake, signal?: AbortSignal): Promise<ImageRecord> {
    const { content, records, leases, layers, collector } = this.#parts;
    const lease = leases.acquire();
    const { parent } = image;
    try {
      const below = parent ? records.layers(parent.id).map(({ blob, blobBytes, diffId }): LayerBlob => ({ blob, size: blobBytes, diffId })) : [];
      for (const { blob } of below) lease.hold('blob', blob);
      const added = image.layer && await this.#store(image.layer, lease, signal);
      const isEmpty = added === undefined || (parent !== undefined && added.digest === EMPTY_TAR);
      const stack = await layers.ensure(isEmpty ? below : [...below, { blob: added.digest, size: added.size, diffId: added.digest }], lease, signal ? { signal } : {});
      const config = composeConfig({ ...image.description, created: new Date().toISOString() }, parent?.config, stack.map(({ diffId }) => diffId), isEmpty);
      const id = digestOf(config);
      await content.flush();
      signal?.throwIfAborted();
      return records.together(() => {
        records.add({ id, config, layers: stack, manifest: undefined });
        if (parent && records.find(parent.id)) records.setParent(id, parent.id);
        if (image.reference) records.setReference(image.reference, id);
        return found(records, id);
      }, { durable: true });
    } catch (error) {
      lease.release();
      await collector.collect();
      throw error;
    } finally {
      lease.release();
    }
  }

  /** As a plain tar, whatever it came as: then its digest is its diffId, known before anything is unpacked. */
  #store(layer: AsyncIterable<Uint8Array>, lease: Lease, signal: AbortSignal | undefined): Promise<BlobInfo> {
    return this.#parts.content.write(decompress(layer), {}, { beforeCommit: ({ digest }) => { lease.hold('blob', digest); }, ...(signal ? { signal } : {}) });
  }
}

function found(records: ImageRecords, id: Digest): ImageRecord {
  const record = records.find(id);
  if (!record) throw new Error(`image ${id} is not there after it was written`);
  return record;
}
