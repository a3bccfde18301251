import { type PlainFile, writePlainTar } from '../../archive/tar-writer.ts';
import type { ContentStore } from '../../content/content-store.ts';
import { type Digest, digestOf, hexOf } from '../../content/digest.ts';
import type { Lease, Leases } from '../../gc/leases.ts';
import type { ImageFinder } from '../image-finder.ts';
import type { ImageListener } from '../image.ts';
import type { ImageRecord, ImageRecords, LayerRecord } from '../image-records.ts';
import { MEDIA_TYPES } from '../manifest.ts';
import { canonicalName, familiarName, parseReference, type Reference, withDefaultTag } from '../reference.ts';

interface SavedImage {
  record: ImageRecord;
  config: Buffer;
  layers: readonly LayerRecord[];
  manifest: { digest: Digest; mediaType: string; bytes: Buffer };
  references: Reference[];
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

  /** @throws NotFoundError at once for an unknown name */
  save(names: readonly string[]): AsyncIterable<Uint8Array> {
    const wanted = new Map<string, { record: ImageRecord; references: Map<string, Reference> }>();
    for (const name of names) {
      const record = this.#finder.getRecord(name);
      const entry = wanted.get(record.id) ?? { record, references: new Map<string, Reference>() };
      for (const reference of this.#namesMeant(name, record)) entry.references.set(canonicalName(reference), reference);
      wanted.set(record.id, entry);
    }
    const lease = this.#leases.acquire();
    for (const { record } of wanted.values()) {
      for (const { blob } of this.#records.layers(record.id)) lease.hold('blob', blob);
      for (const { digest } of this.#records.manifests(record.id)) lease.hold('blob', digest);
    }
    return this.#write([...wanted.values()].map(({ record, references }) => ({ record, references: [...references.values()] })), lease);
  }

  /** An id means no name; a repository without a tag means its `latest` only, as other tools expect. */
  #namesMeant(name: string, record: ImageRecord): Reference[] {
    if (/^(?:sha256:)?[0-9a-f]+$/.test(name) && record.id.startsWith(name.startsWith('sha256:') ? name : `sha256:${name}`)) return [];
    const reference = withDefaultTag(parseReference(name));
    return reference.tag === undefined ? [] : [{ domain: reference.domain, path: reference.path, tag: reference.tag }];
  }

  async *#write(images: readonly { record: ImageRecord; references: Reference[] }[], lease: Lease): AsyncGenerator<Uint8Array> {
    try {
      const saved: SavedImage[] = [];
      for (const image of images) saved.push(await this.#gather(image));
      yield* writePlainTar(this.#files(saved));
      for (const { record } of saved) this.#announce({ action: 'save', id: record.id, attributes: { ...record.labels, name: record.id } });
    } finally {
      lease.release();
    }
  }

  async #gather({ record, references }: { record: ImageRecord; references: Reference[] }): Promise<SavedImage> {
    const config = this.#records.configBytes(record.id) ?? Buffer.alloc(0);
    const layers = this.#records.layers(record.id);
    const [known] = this.#records.manifests(record.id);
    const bytes = known ? await this.#content.read(known.digest) : composeManifest(record.id, config, layers);
    return { record, references, config, layers, manifest: { bytes, digest: known?.digest ?? digestOf(bytes), mediaType: known?.mediaType ?? MEDIA_TYPES.ociManifest } };
  }

  async *#files(images: readonly SavedImage[]): AsyncGenerator<PlainFile> {
    const written = new Set<string>();
    const isNew = (digest: Digest): boolean => {
      const known = written.has(digest);
      written.add(digest);
      return !known;
    };
    for (const { record, config, layers, manifest } of images) {
      for (const { blob, blobBytes } of layers) if (isNew(blob)) yield { name: blobName(blob), size: blobBytes, content: await this.#content.open(blob) };
      if (isNew(record.id)) yield { name: blobName(record.id), size: config.length, content: [config] };
      if (isNew(manifest.digest)) yield { name: blobName(manifest.digest), size: manifest.bytes.length, content: [manifest.bytes] };
    }
    yield jsonFile('oci-layout', { imageLayoutVersion: '1.0.0' });
    yield jsonFile('index.json', { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: images.flatMap(indexEntries) });
    yield jsonFile('manifest.json', images.map(({ record, layers, references }) => ({
      Config: blobName(record.id), RepoTags: references.length === 0 ? null : references.map(familiarName), Layers: layers.map(({ blob }) => blobName(blob)),
    })));
  }
}

function indexEntries({ manifest, references }: SavedImage): object[] {
  const entry = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.length };
  if (references.length === 0) return [entry];
  return references.map((reference) => ({ ...entry, annotations: { 'io.containerd.image.name': canonicalName(reference), 'org.opencontainers.image.ref.name': reference.tag ?? '' } }));
}

function composeManifest(id: Digest, config: Buffer, layers: readonly LayerRecord[]): Buffer {
  return Buffer.from(JSON.stringify({
    schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: { mediaType: MEDIA_TYPES.ociConfig, digest: id, size: config.length },
    layers: layers.map(({ blob, mediaType, blobBytes }) => ({ mediaType, digest: blob, size: blobBytes })),
  }));
}

function blobName(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

function jsonFile(name: string, value: unknown): PlainFile {
  const bytes = Buffer.from(JSON.stringify(value));
  return { name, size: bytes.length, content: [bytes] };
}
