import { ConflictError } from '../../api/errors.ts';
import type { ImageDeleteItem } from '../../api/wire/image.ts';
import type { GarbageCollector } from '../gc/garbage-collector.ts';
import { type ImageFinder, isIdOf } from './image-finder.ts';
import type { ImageListener, ImageUsers } from './image.ts';
import type { ImageRecord, ImageRecords, ReferenceRecord } from './image-records.ts';
import { familiarName, familiarRepository, parseReference, type Reference, repositoryOf, withDefaultTag } from './reference.ts';

export interface RemoveOptions {
  force: boolean;
  /** Untagged parents go too. */
  prune: boolean;
}

/**
 * Docker's rules of removal: a name among several is only untagged; the last name, or an id, deletes the image; what containers use, and
 * what has several names, wants force; what a running container uses is never deleted.
 */
export class ImageRemover {
  readonly #records: ImageRecords;
  readonly #finder: ImageFinder;
  readonly #collector: GarbageCollector;
  readonly #users: ImageUsers;
  readonly #announce: ImageListener;

  constructor(parts: { records: ImageRecords; finder: ImageFinder; collector: GarbageCollector; users: ImageUsers; announce: ImageListener }) {
    this.#records = parts.records;
    this.#finder = parts.finder;
    this.#collector = parts.collector;
    this.#users = parts.users;
    this.#announce = parts.announce;
  }

  /**
   * @param text as people call it: what they wrote decides whether a name or an image goes
   * @throws NotFoundError, ConflictError in docker's words
   */
  async remove(text: string, options: RemoveOptions): Promise<ImageDeleteItem[]> {
    const items = this.forget(text, options);
    if (items.some(({ Deleted }) => Deleted !== undefined)) {
      const { snapshots } = await this.#collector.collect();
      items.push(...snapshots.map((key) => ({ Deleted: key })));
    }
    return items;
  }

  /** As `remove`, and what the image leaves is the caller's to collect. */
  forget(text: string, options: RemoveOptions): ImageDeleteItem[] {
    const image = this.#finder.getRecord(text);
    const items: ImageDeleteItem[] = [];
    const removed: ImageRecord[] = [];
    this.#records.together(() => { this.#decide(text, image, options, items, removed); }, { durable: true });
    for (const item of items) if (item.Untagged !== undefined) this.#tell('untag', image);
    for (const each of removed) this.#tell('delete', each);
    return items;
  }

  #decide(text: string, image: ImageRecord, options: RemoveOptions, items: ImageDeleteItem[], removed: ImageRecord[]): void {
    const references = this.#records.referencesOf(image.id);
    if (isIdOf(image.id, text)) {
      if (isSingle(references)) {
        this.#check(image, options.force, false);
        for (const reference of references) this.#untag(reference, items);
      }
      this.#delete(image, options, items, removed, false);
      return;
    }
    const user = this.#users(image.id)[0];
    if (!options.force && isSingle(references) && user) {
      throw new ConflictError(`conflict: unable to remove repository reference ${JSON.stringify(text)} (must force) - container ${short(user.containerId)} is using its referenced image ${shortId(image.id)}`);
    }
    this.#untagByName(withDefaultTag(parseReference(text)), image, items);
    if (this.#records.referencesOf(image.id).length === 0) this.#delete(image, options, items, removed, true);
  }

  /** Digests of a repository go with its last tag. */
  #untagByName(reference: Reference, image: ImageRecord, items: ImageDeleteItem[]): void {
    this.#records.removeReference(reference);
    items.push({ Untagged: familiarName(reference) });
    const same = this.#records.referencesOf(image.id).filter(({ repository }) => repository === repositoryOf(reference));
    if (reference.digest === undefined && same.every(({ tag }) => tag === null)) for (const each of same) this.#untag(each, items);
  }

  #untag(record: ReferenceRecord, items: ImageDeleteItem[]): void {
    const name = `${record.repository}${record.digest === null ? `:${record.tag ?? ''}` : `@${record.digest}`}`;
    this.#records.removeReference(parseReference(name));
    items.push({ Untagged: `${familiarRepository(record.repository)}${name.slice(record.repository.length)}` });
  }

  /** @param quiet what stands in the way is no error: the image stays, and so do its parents */
  #delete(image: ImageRecord, options: RemoveOptions, items: ImageDeleteItem[], removed: ImageRecord[], quiet: boolean): void {
    if (quiet && this.#conflict(image, options.force, true) !== undefined) return;
    this.#check(image, options.force, true);
    for (const reference of this.#records.referencesOf(image.id)) this.#untag(reference, items);
    this.#records.remove(image.id);
    items.push({ Deleted: image.id });
    removed.push(image);
    const parent = image.parent === undefined || !options.prune ? undefined : this.#records.find(image.parent);
    if (parent) this.#delete(parent, { ...options, force: false }, items, removed, true);
  }

  /** @throws ConflictError */
  #check(image: ImageRecord, force: boolean, namesCount: boolean): void {
    const conflict = this.#conflict(image, force, namesCount);
    if (conflict) throw new ConflictError(`conflict: unable to delete ${shortId(image.id)} (${conflict.how}) - ${conflict.why}`);
  }

  #conflict(image: ImageRecord, force: boolean, namesCount: boolean): { how: string; why: string } | undefined {
    if (this.#records.children(image.id).length > 0) return { how: 'cannot be forced', why: 'image has dependent child images' };
    const users = this.#users(image.id);
    const running = users.find((user) => user.running);
    if (running) return { how: 'cannot be forced', why: `image is being used by running container ${short(running.containerId)}` };
    if (force) return undefined;
    if (namesCount && this.#records.referencesOf(image.id).length > 0) return { how: 'must be forced', why: 'image is referenced in multiple repositories' };
    return users[0] && { how: 'must be forced', why: `image is being used by stopped container ${short(users[0].containerId)}` };
  }

  #tell(action: 'untag' | 'delete', image: ImageRecord): void {
    this.#announce({ action, id: image.id, attributes: { ...image.labels, name: image.id } });
  }
}

/** One tag at most, and all names in one repository. */
function isSingle(references: readonly ReferenceRecord[]): boolean {
  return references.filter(({ tag }) => tag !== null).length <= 1 && new Set(references.map(({ repository }) => repository)).size <= 1;
}

const short = (containerId: string): string => containerId.slice(0, 12);

const shortId = (id: string): string => id.slice('sha256:'.length, 'sha256:'.length + 12);
