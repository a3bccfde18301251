import { ConflictError, NotFoundError } from '../../api/errors.ts';
import type { ImageDeleteItem } from '../../api/wire/image.ts';
import type { FilterValues } from '../filters.ts';
import type { GarbageCollector } from '../gc/garbage-collector.ts';
import type { ImageFinder } from './image-finder.ts';
import { type ListedImage, listImages } from './image-list.ts';
import type { ImageUsers } from './image.ts';
import type { ImageRecords } from './image-records.ts';
import type { ImageRemover } from './image-remover.ts';

export interface PruneOptions {
  /** `label`, `label!`, `until`. */
  filters: FilterValues;
  /** Only images without a tag; else all that no container uses. */
  danglingOnly: boolean;
}

export interface Pruned {
  items: ImageDeleteItem[];
  /** Given back to the disk: blobs, unpacked layers that nothing else needs, and begun downloads. */
  bytes: number;
}

/** Removes what nobody uses. */
export class ImagePruner {
  readonly #records: ImageRecords;
  readonly #finder: ImageFinder;
  readonly #remover: ImageRemover;
  readonly #collector: GarbageCollector;
  readonly #users: ImageUsers;
  readonly #dropBegun: () => number;

  /** @param parts.dropBegun deletes interrupted downloads and says how many bytes they had */
  constructor(parts: { records: ImageRecords; finder: ImageFinder; remover: ImageRemover; collector: GarbageCollector; users: ImageUsers; dropBegun: () => number }) {
    this.#records = parts.records;
    this.#finder = parts.finder;
    this.#remover = parts.remover;
    this.#collector = parts.collector;
    this.#users = parts.users;
    this.#dropBegun = parts.dropBegun;
  }

  /** @throws InvalidArgumentError for a bad filter, before anything is removed */
  async prune({ filters, danglingOnly }: PruneOptions): Promise<Pruned> {
    const items: ImageDeleteItem[] = [];
    for (const image of listImages(this.#records, this.#finder, { filters, all: false })) {
      if ((danglingOnly && image.repoTags.length > 0) || this.#users(image.record.id).length > 0) continue;
      for (const name of namesToRemove(image)) items.push(...this.#forget(name));
    }
    const begun = this.#dropBegun();
    const { snapshots, bytes, snapshotBytes } = await this.#collector.collect({ measure: true });
    items.push(...snapshots.map((key) => ({ Deleted: key })));
    return { items, bytes: bytes + snapshotBytes + begun };
  }

  /** What has come into use, or has gone, meanwhile is passed over. */
  #forget(name: string): ImageDeleteItem[] {
    try {
      return this.#remover.forget(name, { force: false, prune: true });
    } catch (error) {
      if (error instanceof ConflictError || error instanceof NotFoundError) return [];
      throw error;
    }
  }
}

/** Tags first: the digests of a repository go with its last tag. */
function namesToRemove({ record, repoTags, repoDigests }: ListedImage): readonly string[] {
  const names = [...repoTags, ...repoDigests];
  return names.length > 0 ? names : [record.id];
}
