import { InvalidArgumentError } from '../../api/errors.ts';
import type { ImageDeleteItem } from '../../api/wire/image.ts';
import type { ContentStore } from '../content/content-store.ts';
import type { SnapshotInfo, Snapshotter } from '../snapshots/snapshotter.ts';
import { type ImageFinder, repoNames } from './image-finder.ts';
import { platformOf } from './image-config.ts';
import { historyOf, type HistoryStep } from './image-history.ts';
import type { ListedImage, ListOptions } from './image-list.ts';
import { listImages } from './image-list.ts';
import { type ImageManifests, manifestsOf } from './image-manifests.ts';
import type { Platform } from './manifest.ts';
import type { ImageListener, ImageUsers } from './image.ts';
import type { ImagePruner, Pruned, PruneOptions } from './image-pruner.ts';
import type { ImageRecord, ImageRecords } from './image-records.ts';
import type { ImageRemover, RemoveOptions } from './image-remover.ts';
import type { ImageLoader, LoadOptions } from './load/image-loader.ts';
import { requirePlatform } from './require-platform.ts';
import { familiarName, parseReference, type Reference, withDefaultTag } from './reference.ts';
import type { ImageSaver } from './save/image-saver.ts';

export interface ImageFacts {
  record: ImageRecord;
  repoTags: readonly string[];
  repoDigests: readonly string[];
  /** Where the top layer lies; undefined for an image without layers. */
  top: SnapshotInfo | undefined;
  snapshotterName: string;
  manifests: ImageManifests;
  /** Ids of the containers that use it. */
  containers: readonly string[];
}

export interface ImageServiceParts {
  content: ContentStore;
  records: ImageRecords;
  finder: ImageFinder;
  loader: ImageLoader;
  saver: ImageSaver;
  remover: ImageRemover;
  pruner: ImagePruner;
  snapshotter: Snapshotter;
  users: ImageUsers;
  announce: ImageListener;
}

/** What can be done with images: one method for each thing that the API offers. */
export class ImageService {
  readonly #parts: ImageServiceParts;

  constructor(parts: ImageServiceParts) {
    this.#parts = parts;
  }

  list(options: ListOptions): ListedImage[] {
    const list = listImages(this.#parts.records, this.#parts.finder, options);
    return options.containers === true ? list.map((image) => ({ ...image, containers: this.#parts.users(image.record.id).length })) : list;
  }

  /** @throws NotFoundError, also for another platform than the one that is asked for */
  async inspect(name: string, platform?: Platform): Promise<ImageFacts> {
    const { finder, records, snapshotter, content } = this.#parts;
    const record = finder.getRecord(name);
    if (platform) requirePlatform(name, platformOf(record.config), platform);
    const top = record.topSnapshot === undefined ? undefined : await snapshotter.stat(record.topSnapshot);
    return { record, ...repoNames(records.referencesOf(record.id)), top, snapshotterName: snapshotter.name, manifests: await manifestsOf(record, { content, records }), containers: this.#users(record.id) };
  }

  /** For each image of a list, the manifests that it came with. */
  async manifests(list: readonly ListedImage[]): Promise<{ image: ListedImage; manifests: ImageManifests; containers: readonly string[] }[]> {
    const result = [];
    for (const image of list) {
      const record = this.#parts.records.find(image.record.id);
      // One that has gone since the list was made is none of it.
      if (record) result.push({ image, manifests: await manifestsOf(record, this.#parts), containers: this.#users(record.id) });
    }
    return result;
  }

  #users(id: string): string[] {
    return this.#parts.users(id).map(({ containerId }) => containerId);
  }

  /** @throws NotFoundError */
  history(name: string): HistoryStep[] {
    const { finder, records } = this.#parts;
    const record = finder.getRecord(name);
    return historyOf(records, record);
  }

  /** Gives an image one more name, taking it from the one that has it. @throws NotFoundError, InvalidArgumentError for a bad name */
  tag(name: string, repository: string, tag: string | undefined): void {
    const { finder, records, announce } = this.#parts;
    const record = finder.getRecord(name);
    const reference = referenceToTag(repository, tag);
    records.together(() => records.setReference(reference, record.id), { durable: true });
    announce({ action: 'tag', id: record.id, attributes: { ...record.labels, name: familiarName(reference) } });
  }

  remove(name: string, options: RemoveOptions): Promise<ImageDeleteItem[]> {
    return this.#parts.remover.remove(name, options);
  }

  load(archive: AsyncIterable<Uint8Array>, options: LoadOptions): Promise<void> {
    return this.#parts.loader.load(archive, options);
  }

  /** An archive of images, in docker's format and as OCI layout at once. Checked at once, read as it is sent. @throws NotFoundError */
  save(names: readonly string[], platform?: Platform): AsyncIterable<Uint8Array> {
    return this.#parts.saver.save(names, platform);
  }

  async prune(options: PruneOptions): Promise<Pruned> {
    const pruned = await this.#parts.pruner.prune(options);
    this.#parts.announce({ action: 'prune', id: '', attributes: { reclaimed: String(pruned.bytes) } });
    return pruned;
  }
}

function referenceToTag(repository: string, tag: string | undefined): Reference {
  const reference = parseReference(repository);
  if (reference.digest !== undefined) throw new InvalidArgumentError('refusing to create a tag with a digest reference');
  if (tag === undefined || tag === '') return withDefaultTag(reference);
  return parseReference(`${reference.domain}/${reference.path}:${tag}`);
}
