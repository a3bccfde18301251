import { InvalidArgumentError, NotFoundError } from '../../api/errors.ts';
import type { Image, ImageSource } from './image.ts';
import type { ImageRecord, ImageRecords, ReferenceRecord } from './image-records.ts';
import { familiarName, familiarRepository, parseReference, type Reference, withDefaultTag } from './reference.ts';

/** Finds images by what people call them: id, the beginning of an id, name, name and digest. */
export class ImageFinder implements ImageSource {
  readonly #records: ImageRecords;

  constructor(records: ImageRecords) {
    this.#records = records;
  }

  async get(reference: string): Promise<Image> {
    return this.toImage(this.getRecord(reference));
  }

  async find(reference: string): Promise<Image | undefined> {
    try {
      return await this.get(reference);
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  async count(): Promise<number> {
    return this.#records.count();
  }

  /** @throws NotFoundError, also for a beginning that several ids have, InvalidArgumentError for what can be no name */
  getRecord(text: string): ImageRecord {
    const id = /^(?:sha256:)?([0-9a-f]{64})$/.exec(text)?.[1];
    const found = id === undefined ? (this.#findNamed(text) ?? this.#findPrefixed(text)) : this.#records.find(`sha256:${id}`);
    if (!found) throw new NotFoundError(`No such image: ${shown(text)}`);
    return found;
  }

  #findNamed(text: string): ImageRecord | undefined {
    const reference = parsed(text);
    if (!reference) return undefined;
    const { domain, path, digest } = reference;
    const id = digest === undefined
      ? this.#records.findByReference(withDefaultTag(reference))
      : this.#records.findByDigest(digest, `${domain}/${path}`);
    return id === undefined ? undefined : this.#records.find(id);
  }

  #findPrefixed(text: string): ImageRecord | undefined {
    const hex = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1];
    return hex === undefined ? undefined : this.#records.findByPrefix(hex);
  }

  toImage(record: ImageRecord): Image {
    const { config } = record;
    return {
      id: record.id, ...repoNames(this.#records.referencesOf(record.id)), architecture: config.architecture, ...(config.variant === undefined ? {} : { variant: config.variant }),
      os: config.os, created: config.created, author: config.author, comment: config.comment, config: config.config, diffIds: config.diffIds,
      topSnapshot: record.topSnapshot, sizeBytes: record.sizeBytes,
    };
  }
}

/** Familiar forms of an image's references, by kind. */
export function repoNames(references: readonly ReferenceRecord[]): { repoTags: string[]; repoDigests: string[] } {
  const repoTags: string[] = [];
  const repoDigests: string[] = [];
  for (const { repository, tag, digest } of references) {
    if (digest === null) repoTags.push(`${familiarRepository(repository)}:${tag ?? ''}`);
    else repoDigests.push(`${familiarRepository(repository)}@${digest}`);
  }
  return { repoTags, repoDigests };
}

/** True when the text means an id rather than a name. */
export function isIdOf(id: string, text: string): boolean {
  const bare = text.startsWith('sha256:') ? text : `sha256:${text}`;
  return id.startsWith(bare);
}

function parsed(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    // What can be no name may still be the beginning of an id; upper case can be neither.
    if (error instanceof InvalidArgumentError && /^(?:sha256:)?[0-9a-f]{1,64}$/.test(text)) return undefined;
    throw error;
  }
}

/** As docker shows what it has not found: a name with the tag that was looked for. */
function shown(text: string): string {
  if (/^(?:sha256:)?[0-9a-f]{64}$/.test(text)) return text;
  const reference = parsed(text);
  return reference ? familiarName(withDefaultTag(reference)) : text;
}
