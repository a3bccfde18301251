import type { Digest } from '../content/digest.ts';
import type { Database } from '../store/database.ts';
import { type ImageConfig, parseImageConfig } from './image-config.ts';
import { MEDIA_TYPES } from './manifest.ts';
import { canonicalName, type Reference, repositoryOf } from './reference.ts';

export interface LayerRecord {
  diffId: Digest;
  chainId: Digest;
  /** The layer as it was received. */
  blob: Digest;
  mediaType: string;
  blobBytes: number;
  /** Of the unpacked files. */
  sizeBytes: number;
}

/** A layer that is kept unpacked only, and how long its tar is. */
export interface LayerSplit {
  chainId: Digest;
  diffId: Digest;
  tarBytes: number;
}

export interface NewImage {
  id: Digest;
  /** The config blob, byte for byte: its digest is the id. */
  config: Uint8Array;
  layers: readonly LayerRecord[];
  manifest: { digest: Digest; mediaType: string } | undefined;
}

/** What a list shows of an image. Its config is left where it is: to read and parse a thousand of them is most of what a list would cost. */
export interface ImageOverview {
  id: Digest;
  createdAt: number;
  sizeBytes: number;
  labels: Readonly<Record<string, string>>;
  topSnapshot: string | undefined;
  parent: string | undefined;
  lastTaggedAt: number | undefined;
}

export interface ImageRecord extends ImageOverview {
  config: ImageConfig;
}

export interface ReferenceRecord {
  repository: string;
  tag: string | null;
  digest: string | null;
  image: string;
}

interface OverviewRow { id: Digest; created_at: number; size_bytes: number; labels: string; top_snapshot: string | null; parent: string | null; last_tagged_at: number | null }
interface ImageRow extends OverviewRow { config: Uint8Array }

const PARSED_LIMIT = 100;

/** Images and their names, in the database. Every method is one transaction; none waits. */
export class ImageRecords {
  readonly #database: Database;
  readonly #parsed = new Map<string, ImageConfig>();
  readonly #added: (() => void)[] = [];

  constructor(database: Database) {
    this.#database = database;
  }

  /** @param added is called some time after images were added, whether or not their transaction held */
  onAdded(added: () => void): void {
    this.#added.push(added);
  }

  /** Runs several changes as one; `durable` waits for the disk. */
  together<T>(work: () => T, options?: { durable: boolean }): T {
    return this.#database.transaction(work, options);
  }

  /** Adds an image that is all there. One that is known already stays as it is, with the blobs that it came with; a manifest that is new is kept too, and with it its blobs. */
  add(image: NewImage): void {
    const config = parseImageConfig(image.config);
    this.#database.transaction(() => {
      const size = image.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0);
      const { changes } = this.#database.run(
        'INSERT INTO images (id, config, created, created_at, size_bytes, labels, top_snapshot) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
        image.id, image.config, config.created, Date.parse(config.created), size, JSON.stringify(config.config.Labels ?? {}), image.layers.at(-1)?.chainId ?? null);
      if (changes > 0) for (const [position, layer] of image.layers.entries()) this.#addLayer(image.id, position, layer);
      if (image.manifest) this.#addManifest(image.id, image.manifest, image.layers);
    });
    setImmediate(() => { for (const added of this.#added) added(); });
  }

  #addManifest(image: Digest, { digest, mediaType }: { digest: Digest; mediaType: string }, layers: readonly LayerRecord[]): void {
    this.#database.run('INSERT INTO image_manifests (image, digest, media_type) VALUES (?, ?, ?) ON CONFLICT DO NOTHING', image, digest, mediaType);
    for (const { blob, chainId } of layers) if (!this.#splitOf(chainId)) this.#database.run('INSERT INTO manifest_blobs (manifest, blob) VALUES (?, ?) ON CONFLICT DO NOTHING', digest, blob);
  }

  #addLayer(image: Digest, position: number, added: LayerRecord): void {
    const split = this.#splitOf(added.chainId);
    const layer = split ? { ...added, blob: added.diffId, mediaType: MEDIA_TYPES.ociLayer, blobBytes: split.tarBytes } : added;
    this.#database.run('INSERT INTO image_layers (image, position, diff_id, chain_id, blob, media_type, blob_bytes, size_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      image, position, layer.diffId, layer.chainId, layer.blob, layer.mediaType, layer.blobBytes, layer.sizeBytes);
  }

  find(id: string): ImageRecord | undefined {
    const row = this.#database.get<ImageRow>('SELECT * FROM images WHERE id = ?', id);
    return row && this.#toRecord(row);
  }

  list(): ImageOverview[] {
    return this.#database.all<OverviewRow>('SELECT id, created_at, size_bytes, labels, top_snapshot, parent, last_tagged_at FROM images').map(overview);
  }

  ids(): string[] {
    return this.#database.all<{ id: string }>('SELECT id FROM images ORDER BY id').map(({ id }) => id);
  }

  count(): number {
    return this.#database.get<{ n: number }>('SELECT count(*) AS n FROM images')?.n ?? 0;
  }

  /** @param hex the first digits of an id. Undefined also when several begin so: as for docker, they name none of them. */
  findByPrefix(hex: string): ImageRecord | undefined {
    // `g` comes right after the last hexadecimal digit.
    const rows = this.#database.all<ImageRow>('SELECT * FROM images WHERE id >= ? AND id < ? LIMIT 2', `sha256:${hex}`, `sha256:${hex}g`);
    return rows[0] && rows.length === 1 ? this.#toRecord(rows[0]) : undefined;
  }

  /** The image that a repository has under this digest. */
  findByDigest(digest: string, repository: string): string | undefined {
    return this.#database.get<{ image: string }>('SELECT image FROM image_references WHERE digest = ? AND repository = ?', digest, repository)?.image;
  }

  findByReference(reference: Reference): string | undefined {
    return this.#database.get<{ image: string }>('SELECT image FROM image_references WHERE name = ?', canonicalName(reference))?.image;
  }

  referencesOf(id: string): ReferenceRecord[] {
    return this.#database.all<ReferenceRecord>('SELECT repository, tag, digest, image FROM image_references WHERE image = ? ORDER BY name', id);
  }

  allReferences(): ReferenceRecord[] {
    return this.#database.all<ReferenceRecord>('SELECT repository, tag, digest, image FROM image_references ORDER BY name');
  }

  /** Points a name at an image, away from the one it had. @returns the id that it pointed at */
  setReference(reference: Reference, id: string): string | undefined {
    return this.#database.transaction(() => {
      const before = this.findByReference(reference);
      const { tag, digest } = reference;
      this.#database.run(`INSERT INTO image_references (name, repository, tag, digest, image, created_at) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET image = excluded.image, created_at = excluded.created_at`,
      canonicalName(reference), repositoryOf(reference), digest === undefined ? (tag ?? null) : null, digest ?? null, id, Date.now());
      if (tag !== undefined) this.#database.run('UPDATE images SET last_tagged_at = ? WHERE id = ?', Date.now(), id);
      return before;
    });
  }

  /** Forgets a manifest of an image, and its name by that digest. */
  removeManifest(id: string, digest: string): void {
    this.#database.transaction(() => {
      this.#database.run('DELETE FROM image_references WHERE image = ? AND digest = ?', id, digest);
      this.#database.run('DELETE FROM image_manifests WHERE image = ? AND digest = ?', id, digest);
      this.#database.run('DELETE FROM manifest_blobs WHERE manifest NOT IN (SELECT digest FROM image_manifests)');
    });
  }

  removeReference(reference: Reference): void {
    this.#database.run('DELETE FROM image_references WHERE name = ?', canonicalName(reference));
  }

  /** The record goes; its names must have gone before. */
  remove(id: string): void {
    this.#database.transaction(() => {
      this.#database.run('DELETE FROM images WHERE id = ?', id);
      this.#database.run('DELETE FROM manifest_blobs WHERE manifest NOT IN (SELECT digest FROM image_manifests)');
    });
    this.#parsed.delete(id);
  }

  setParent(id: string, parent: string): void {
    this.#database.run('UPDATE images SET parent = ? WHERE id = ?', parent, id);
  }

  children(id: string): string[] {
    return this.#database.all<{ id: string }>('SELECT id FROM images WHERE parent = ?', id).map((row) => row.id);
  }

  parents(): Set<string> {
    return new Set(this.#database.all<{ parent: string }>('SELECT DISTINCT parent FROM images WHERE parent IS NOT NULL').map(({ parent }) => parent));
  }

  layers(id: string): LayerRecord[] {
    return this.#database.all<LayerRecord>('SELECT diff_id AS diffId, chain_id AS chainId, blob, media_type AS mediaType, blob_bytes AS blobBytes, size_bytes AS sizeBytes FROM image_layers WHERE image = ? ORDER BY position', id);
  }

  manifests(id: string): { digest: Digest; mediaType: string }[] {
    return this.#database.all('SELECT digest, media_type AS mediaType FROM image_manifests WHERE image = ? ORDER BY digest', id);
  }

  /** Digests of all manifests of an image, and of the blobs that these name. */
  manifestBlobs(id: string): Digest[] {
    const rows = this.#database.all<{ digest: Digest }>(`SELECT digest FROM image_manifests WHERE image = ?
      UNION SELECT b.blob AS digest FROM manifest_blobs b JOIN image_manifests m ON m.digest = b.manifest WHERE m.image = ?`, id, id);
    return rows.map(({ digest }) => digest);
  }

  /** Layers that are on the disk and whose blob is still needed. */
  unsplitLayers(): { chainId: Digest; diffId: Digest }[] {
    return this.#database.all(`SELECT DISTINCT chain_id AS chainId, diff_id AS diffId FROM image_layers
      WHERE image NOT IN (SELECT object FROM unsettled) AND chain_id NOT IN (SELECT chain_id FROM layer_splits)`);
  }

  /** From now on the layer's blob is its plain tar, which nobody stores. */
  addSplit({ chainId, diffId, tarBytes }: LayerSplit): void {
    this.#database.transaction(() => {
      this.#database.run('INSERT INTO layer_splits (chain_id, diff_id, tar_bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING', chainId, diffId, tarBytes);
      this.#database.run('DELETE FROM manifest_blobs WHERE blob IN (SELECT blob FROM image_layers WHERE chain_id = ?)', chainId);
      this.#database.run('UPDATE image_layers SET blob = diff_id, media_type = ?, blob_bytes = ? WHERE chain_id = ?', MEDIA_TYPES.ociLayer, tarBytes, chainId);
    }, { durable: true });
  }

  /** The layer has been unpacked anew: what was known of its files no longer counts. */
  clearSplit(chainId: Digest): void {
    this.#database.run('DELETE FROM layer_splits WHERE chain_id = ?', chainId);
  }

  #splitOf(chainId: Digest): LayerSplit | undefined {
    return this.#database.get('SELECT chain_id AS chainId, diff_id AS diffId, tar_bytes AS tarBytes FROM layer_splits WHERE chain_id = ?', chainId);
  }

  splits(diffId: Digest): LayerSplit[] {
    return this.#database.all('SELECT chain_id AS chainId, diff_id AS diffId, tar_bytes AS tarBytes FROM layer_splits WHERE diff_id = ?', diffId);
  }

  /** What is known of a layer from other images. */
  findLayer(by: { chainId: Digest } | { blob: Digest; diffId: Digest }): LayerRecord | undefined {
    const columns = 'diff_id AS diffId, chain_id AS chainId, blob, media_type AS mediaType, blob_bytes AS blobBytes, size_bytes AS sizeBytes';
    return 'chainId' in by
      ? this.#database.get(`SELECT ${columns} FROM image_layers WHERE chain_id = ? LIMIT 1`, by.chainId)
      : this.#database.get(`SELECT ${columns} FROM image_layers WHERE blob = ? AND diff_id = ? LIMIT 1`, by.blob, by.diffId);
  }

  /** Images that have this blob as a layer or as a manifest. */
  withBlob(digest: string): string[] {
    return this.#database.all<{ image: string }>(`SELECT image FROM image_layers WHERE blob = ? UNION SELECT image FROM image_manifests WHERE digest = ?
      UNION SELECT m.image FROM manifest_blobs b JOIN image_manifests m ON m.digest = b.manifest WHERE b.blob = ?`, digest, digest, digest).map(({ image }) => image);
  }

  /** For each layer that more than one image has, its size. */
  sharedLayers(): Map<string, number> {
    const rows = this.#database.all<{ chain: string; size: number }>('SELECT chain_id AS chain, max(size_bytes) AS size FROM image_layers GROUP BY chain_id HAVING count(DISTINCT image) > 1');
    return new Map(rows.map(({ chain, size }) => [chain, size]));
  }

  /** Ids of the images that need a snapshot or a blob. */
  imagesOf(kind: 'blob' | 'snapshot', key: string): string[] {
    const rows = kind === 'snapshot'
      ? this.#database.all<{ image: string }>('SELECT DISTINCT image FROM image_layers WHERE chain_id = ? ORDER BY image', key)
      : this.#database.all<{ image: string }>(`SELECT image FROM image_layers WHERE blob = ? UNION SELECT image FROM image_manifests WHERE digest = ?
        UNION SELECT m.image FROM manifest_blobs b JOIN image_manifests m ON m.digest = b.manifest WHERE b.blob = ?`, key, key, key);
    return rows.map(({ image }) => image);
  }

  /** For garbage collection. */
  needs(kind: 'blob' | 'snapshot', key: string): boolean {
    if (kind === 'snapshot') return this.#database.get('SELECT 1 FROM image_layers WHERE chain_id = ? LIMIT 1', key) !== undefined;
    return this.#database.get(`SELECT 1 FROM image_layers l WHERE blob = ? AND NOT EXISTS (SELECT 1 FROM layer_splits s WHERE s.chain_id = l.chain_id)
      UNION ALL SELECT 1 FROM image_manifests WHERE digest = ? UNION ALL SELECT 1 FROM manifest_blobs WHERE blob = ? LIMIT 1`, key, key, key) !== undefined;
  }

  #toRecord(row: ImageRow): ImageRecord {
    return { ...overview(row), config: this.#parse(row) };
  }

  /** Configs never change, so one is parsed once. */
  #parse(row: ImageRow): ImageConfig {
    const known = this.#parsed.get(row.id);
    if (known) return known;
    const config = parseImageConfig(row.config);
    if (this.#parsed.size >= PARSED_LIMIT) this.#parsed.clear();
    this.#parsed.set(row.id, config);
    return config;
  }

  /** The config blob as it was received. */
  configBytes(id: string): Buffer | undefined {
    const row = this.#database.get<{ config: Uint8Array }>('SELECT config FROM images WHERE id = ?', id);
    return row && Buffer.from(row.config);
  }
}

function overview(row: OverviewRow): ImageOverview {
  return {
    id: row.id, createdAt: row.created_at, sizeBytes: row.size_bytes, labels: JSON.parse(row.labels) as Record<string, string>,
    topSnapshot: row.top_snapshot ?? undefined, parent: row.parent ?? undefined, lastTaggedAt: row.last_tagged_at ?? undefined,
  };
}
