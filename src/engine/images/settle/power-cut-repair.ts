import { messageOf } from '../../../api/errors.ts';
import type { Logger } from '../../../base/log.ts';
import type { ContentStore } from '../../content/content-store.ts';
import type { Digest } from '../../content/digest.ts';
import type { Snapshotter } from '../../snapshots/snapshotter.ts';
import type { ImageRecords } from '../image-records.ts';
import { parseManifest } from '../manifest.ts';
import { referenceOf } from '../reference.ts';
import type { LayerRebuilder } from './layer-rebuilder.ts';
import type { Unsettled, UnsettledRecords } from './unsettled-records.ts';

export interface PowerCutRepairParts {
  unsettled: UnsettledRecords;
  records: ImageRecords;
  content: ContentStore;
  snapshotter: Snapshotter;
  rebuilder: LayerRebuilder;
  log: Logger;
}

/**
 * After the machine has gone down under an engine: of images that may not have got to the disk, blobs are verified and layers made anew from
 * them. An image that cannot be made whole is removed, and a line in the log says so: it must be pulled or loaded again. Runs before anything
 * is mounted and before anybody asks for an image. Interrupted, it is run again.
 */
export class PowerCutRepair {
  readonly #parts: PowerCutRepairParts;
  readonly #rebuilt = new Set<Digest>();

  constructor(parts: PowerCutRepairParts) {
    this.#parts = parts;
  }

  async run(marks: readonly Unsettled[]): Promise<void> {
    const lost = new Set<string>();
    for (const { image } of marks.filter((mark) => mark.object === mark.image)) {
      try {
        await this.#rebuild(image);
      } catch (error) {
        lost.add(image);
        await this.#remove(image, error);
      }
    }
    for (const { image, object } of marks) if (object !== image && !lost.has(image)) await this.#checkManifest(image, object);
  }

  async #rebuild(image: Digest): Promise<void> {
    const { records, unsettled, rebuilder, log } = this.#parts;
    let count = 0;
    for (const layer of records.layers(image)) {
      const isRight = this.#rebuilt.has(layer.chainId) || unsettled.isSettledLayer(layer.chainId);
      if (!isRight) {
        await rebuilder.rebuild(layer);
        this.#rebuilt.add(layer.chainId);
        count += 1;
      } else if (!unsettled.isSettledBlob(layer)) await rebuilder.verify(layer.blob);
    }
    log.info('image verified after a power cut', { id: image, layersRebuilt: count });
  }

  async #remove(image: Digest, error: unknown): Promise<void> {
    const { records, unsettled, snapshotter, log } = this.#parts;
    const references = records.referencesOf(image);
    log.error('image removed: a power cut has taken a part of it; pull or load it again', {
      id: image, names: references.map(({ repository, tag, digest }) => (tag === null ? `${repository}@${digest ?? ''}` : `${repository}:${tag}`)).join(' '), reason: messageOf(error),
    });
    const layers = records.layers(image);
    const suspect = layers.filter(({ chainId }) => !this.#rebuilt.has(chainId) && !unsettled.isSettledLayer(chainId)).map(({ chainId }) => chainId);
    records.together(() => {
      for (const reference of references) records.removeReference(referenceOf(reference));
      records.remove(image);
      // Where a container stands on a layer, the layer stays; a new pull must not find it.
      for (const chainId of suspect.toReversed()) if (!records.needs('snapshot', chainId)) snapshotter.disown(chainId);
    }, { durable: true });
  }

  /** What the image was known by beside its own digest: without it, it is still the same image. */
  async #checkManifest(image: Digest, digest: Digest): Promise<void> {
    const { records, content, rebuilder, log } = this.#parts;
    const layers = new Set<string>(records.layers(image).map(({ blob }) => blob));
    try {
      await rebuilder.verify(digest);
      const manifest = parseManifest(await content.read(digest));
      if (manifest.kind === 'image') for (const { digest: blob } of manifest.layers) if (!layers.has(blob) && records.needs('blob', blob)) await rebuilder.verify(blob);
    } catch (error) {
      log.error('manifest of an image forgotten: a power cut has taken a part of it', { id: image, manifest: digest, reason: messageOf(error) });
      records.removeManifest(image, digest);
    }
  }
}
