import { setImmediate } from 'node:timers/promises';
import { InvalidArgumentError, NotFoundError } from '../../../api/errors.ts';
import { textOfName } from '../../archive/tar-entry.ts';
import { type Difference, differences } from '../../explorer/image-diff.ts';
import { ImageTree } from '../../explorer/image-tree.ts';
import { type Waste, wasteOf } from '../../explorer/image-waste.ts';
import { changesByLayer, type LayerChanges } from '../../explorer/layer-changes.ts';
import { type ListedFile, listFiles } from '../../explorer/list-files.ts';
import type { Lease } from '../../gc/leases.ts';
import { type ImageFinder, repoNames } from '../image-finder.ts';
import type { ImageRecord, LayerRecord } from '../image-records.ts';
import { type Deletion, deletionOf, type DeletionParts } from './image-deletion.ts';
import { LayerIndexes, type LayerIndexesParts } from './layer-indexes.ts';

export interface ExplorerParts extends DeletionParts, LayerIndexesParts {
  finder: ImageFinder;
}

export interface ExploredImage {
  record: ImageRecord;
  repoTags: readonly string[];
  /** Lowest first. */
  layers: readonly ExploredLayer[];
  deletion: Deletion;
}

export interface ExploredLayer {
  layer: LayerRecord;
  changes: LayerChanges;
  /** Other images that have it. */
  sharedWith: readonly { id: string; repoTags: readonly string[] }[];
}

export interface FilesRequest {
  /** A byte string. */
  path: string;
  layer: number | undefined;
  recursive: boolean;
  removed: boolean;
}

/** Answers what is in images, by the indexes of their layers. While it computes, the image's layers cannot go. */
export class ImageExplorer {
  readonly #parts: ExplorerParts;
  readonly #indexes: LayerIndexes;

  constructor(parts: ExplorerParts) {
    this.#parts = parts;
    this.#indexes = new LayerIndexes(parts);
  }

  /** @throws NotFoundError */
  async layers(name: string): Promise<ExploredImage> {
    const { finder, records } = this.#parts;
    const record = finder.getRecord(name);
    using lease = this.#parts.leases.acquire();
    hold(lease, records.layers(record.id));
    const changes = changesByLayer(await this.#tree(record));
    const namesOf = (id: string): readonly string[] => repoNames(records.referencesOf(id)).repoTags;
    const layers = records.layers(record.id).map((layer, index): ExploredLayer => ({
      layer, changes: changes[index] ?? { added: 0, overwritten: 0, removed: 0 },
      sharedWith: records.imagesOf('snapshot', layer.chainId).filter((id) => id !== record.id).map((id) => ({ id, repoTags: namesOf(id) })),
    }));
    return { record, repoTags: namesOf(record.id), layers, deletion: await deletionOf(record, this.#parts) };
  }

  /** @throws NotFoundError for an unknown image or path, InvalidArgumentError for a layer that it does not have */
  async files(name: string, { path, layer, recursive, removed }: FilesRequest): Promise<Iterable<ListedFile>> {
    const record = this.#parts.finder.getRecord(name);
    const tree = await this.#tree(record);
    if (layer !== undefined && (layer < 1 || layer > tree.layers)) throw new InvalidArgumentError(`no such layer in image ${name}: ${layer} (it has ${tree.layers === 0 ? 'none' : tree.layers === 1 ? 'only layer 1' : `layers 1 to ${tree.layers}`})`);
    const files = listFiles(tree, { path, layer, recursive, removed });
    if (!files) throw new NotFoundError(`no such file or directory in ${layer === undefined ? '' : `layer ${layer} of `}image ${name}: ${textOfName(path)}`);
    return files;
  }

  /** @throws NotFoundError */
  async diff(from: string, to: string): Promise<Iterable<Difference>> {
    const [before, after] = [from, to].map((name) => this.#parts.finder.getRecord(name));
    if (!before || !after || before.id === after.id) return [];
    return differences(await this.#tree(before), await this.#tree(after));
  }

  /** @throws NotFoundError */
  async waste(name: string): Promise<{ id: string; waste: Waste }> {
    const record = this.#parts.finder.getRecord(name);
    return { id: record.id, waste: wasteOf(await this.#tree(record)) };
  }

  async #tree({ id }: ImageRecord): Promise<ImageTree> {
    using lease = this.#parts.leases.acquire();
    const layers = this.#parts.records.layers(id);
    hold(lease, layers);
    const tree = new ImageTree();
    for (const layer of layers) {
      tree.add(await this.#indexes.get(layer));
      // Other requests come in between.
      await setImmediate();
    }
    return tree;
  }
}

function hold(lease: Lease, layers: readonly LayerRecord[]): void {
  for (const { chainId, blob } of layers) {
    lease.hold('snapshot', chainId);
    lease.hold('blob', blob);
  }
}
