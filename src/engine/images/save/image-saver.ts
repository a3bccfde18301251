import { type PlainFile, writePlainTar } from '../../archive/tar-writer.ts';
import type { ContentStore } from '../../content/content-store.ts';
import { type Digest, hexOf } from '../../content/digest.ts';
import type { Lease, Leases } from '../../gc/leases.ts';
import { requirePlatform } from '../require-platform.ts';
import type { ImageFinder } from '../image-finder.ts';
import type { ImageListener } from '../image.ts';
import { platformOf } from '../image-config.ts';
import type { ImageRecord, ImageRecords } from '../image-records.ts';
import { MEDIA_TYPES, type Platform } from '../manifest.ts';
import { canonicalName, familiarName, parseReference, type Reference, withDefaultTag } from '../reference.ts';
import { chooseManifest, type SavedManifest } from './choose-manifest.ts';

interface SavedImage {
  record: ImageRecord;
  config: Buffer;
  manifest: SavedManifest;
  references: Reference[];
}

interface WantedImage {
  record: ImageRecord;
  references: Map<string, Reference>;
  /** The manifest that it was asked for by. */
  digest: Digest | undefined;
}

/**
 * Writes images into one archive that is docker's format and an OCI layout at once. Blobs are the very bytes that came in, and so is the
 * manifest where one came; an image without one gets one, the same every time.
 */
export class ImageSaver {
  readonly #content: ContentStore;
  readonly #records: ImageRecords;
  readonly #finder: ImageFinder;
  readonly #leases: Leases;
  readonly #announce: ImageListener;

  constructor(parts: { content: ContentStore; records: ImageRecords; finder: ImageFinder; leases: Leases; announce: ImageListener }) {
    this.#content = parts.content;
    this.#records = parts.records;
    this.#finder = parts.finder;
    this.#leases = parts.leases;
    this.#announce = parts.announce;
  }

  /** @throws NotFoundError at once for an unknown name, or one that has no image for `platform` */
  save(names: readonly string[], platform?: Platform): AsyncIterable<Uint8Array> {
    const wanted = new Map<string, WantedImage>();
    for (const name of names) {
      const record = this.#finder.getRecord(name);
      if (platform) requirePlatform(name, platformOf(record.config), platform);
      const entry = wanted.get(record.id) ?? { record, references: new Map<string, Reference>(), digest: digestIn(name) };
      for (const reference of this.#namesMeant(name, record)) entry.references.set(canonicalName(reference), reference);
      wanted.set(record.id, entry);
    }
    const lease = this.#leases.acquire();
    for (const { record } of wanted.values()) {
      for (const { blob } of this.#records.layers(record.id)) lease.hold('blob', blob);
      for (const digest of this.#records.manifestBlobs(record.id)) lease.hold('blob', digest);
    }
    return this.#write([...wanted.values()], lease);
  }

  /** An id means no name; a repository without a tag means its `latest` only, as other tools expect. */
  #namesMeant(name: string, record: ImageRecord): Reference[] {
    if (/^(?:sha256:)?[0-9a-f]+$/.test(name) && record.id.startsWith(name.startsWith('sha256:') ? name : `sha256:${name}`)) return [];
    const reference = withDefaultTag(parseReference(name));
    return reference.tag === undefined ? [] : [{ domain: reference.domain, path: reference.path, tag: reference.tag }];
  }

  async *#write(images: readonly WantedImage[], lease: Lease): AsyncGenerator<Uint8Array> {
    try {
      const saved: SavedImage[] = [];
      for (const image of images) saved.push(await this.#gather(image));
      yield* writePlainTar(this.#files(saved));
      for (const { record } of saved) this.#announce({ action: 'save', id: record.id, attributes: { ...record.labels, name: record.id } });
    } finally {
      lease.release();
    }
  }

  async #gather({ record, references, digest }: WantedImage): Promise<SavedImage> {
    const config = this.#records.configBytes(record.id) ?? Buffer.alloc(0);
    const manifest = await chooseManifest(record.id, config, { content: this.#content, records: this.#records }, digest);
    return { record, references: [...references.values()], config, manifest };
  }

  async *#files(images: readonly SavedImage[]): AsyncGenerator<PlainFile> {
    const written = new Set<string>();
    const isNew = (digest: Digest): boolean => {
      const known = written.has(digest);
      written.add(digest);
      return !known;
    };
    for (const { record, config, manifest } of images) {
      for (const { digest, size } of manifest.layers) if (isNew(digest)) yield { name: blobName(digest), size, content: await this.#content.open(digest) };
      if (isNew(record.id)) yield { name: blobName(record.id), size: config.length, content: [config] };
      if (isNew(manifest.digest)) yield { name: blobName(manifest.digest), size: manifest.bytes.length, content: [manifest.bytes] };
    }
    yield jsonFile('oci-layout', { imageLayoutVersion: '1.0.0' });
    yield jsonFile('index.json', { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: images.flatMap(indexEntries) });
    yield jsonFile('manifest.json', images.map(({ record, manifest, references }) => ({
      Config: blobName(record.id), RepoTags: references.length === 0 ? null : references.map(familiarName), Layers: manifest.layers.map(({ digest }) => blobName(digest)),
    })));
  }
}

function indexEntries({ manifest, references }: SavedImage): object[] {
  const entry = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.length };
  if (references.length === 0) return [entry];
  return references.map((reference) => ({ ...entry, annotations: { 'io.containerd.image.name': canonicalName(reference), 'org.opencontainers.image.ref.name': reference.tag ?? '' } }));
}

function digestIn(name: string): Digest | undefined {
  return /@sha256:[0-9a-f]{64}$/.test(name) ? parseReference(name).digest : undefined;
}

function blobName(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

function jsonFile(name: string, value: unknown): PlainFile {
  const bytes = Buffer.from(JSON.stringify(value));
  return { name, size: bytes.length, content: [bytes] };
}
