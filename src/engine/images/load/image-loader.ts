import { InvalidArgumentError, NotFoundError } from '../../../api/errors.ts';
import type { ProgressMessage } from '../../../api/wire/image.ts';
import type { ContentStore } from '../../content/content-store.ts';
import { digestOf } from '../../content/digest.ts';
import type { GarbageCollector } from '../../gc/garbage-collector.ts';
import type { Lease, Leases } from '../../gc/leases.ts';
import { acceptable, formatPlatform, hostPlatform, normalize } from '../../registry/platform.ts';
import { CONFIG_LIMIT_BYTES, type ImageConfig, parseImageConfig, platformOf } from '../image-config.ts';
import type { ImageListener } from '../image.ts';
import type { ImageRecords, NewImage } from '../image-records.ts';
import type { LayerBlob, LayerProgress, LayerStore } from '../layer-store.ts';
import type { Platform } from '../manifest.ts';
import { familiarName, type Reference } from '../reference.ts';
import { ArchiveContents } from './archive-contents.ts';
import type { ArchivedImage, ArchivedManifest } from './archived-image.ts';
import { readDockerArchive } from './docker-archive.ts';
import { readOciLayout } from './oci-layout.ts';

export interface LoadOptions {
  quiet: boolean;
  /** The host's where none is asked for. */
  platform?: Platform | undefined;
  signal?: AbortSignal;
  onProgress: (message: ProgressMessage) => void;
}

interface LoadedImage {
  image: NewImage;
  index: ArchivedManifest | undefined;
  references: readonly Reference[];
}

export interface ImageLoaderParts {
  content: ContentStore;
  records: ImageRecords;
  layers: LayerStore;
  leases: Leases;
  collector: GarbageCollector;
  announce: ImageListener;
}

/**
 * Loads archives of images: one pass over the bytes, then unpacking, then one transaction for all images and names of the archive. What
 * fails leaves nothing: the lease goes, and collection takes what it held.
 */
export class ImageLoader {
  readonly #parts: ImageLoaderParts;

  constructor(parts: ImageLoaderParts) {
    this.#parts = parts;
  }

  /** @throws InvalidArgumentError for a bad archive; the signal's reason when it aborts */
  async load(archive: AsyncIterable<Uint8Array>, options: LoadOptions): Promise<void> {
    const { content, leases, collector } = this.#parts;
    const lease = leases.acquire();
    try {
      const contents = await ArchiveContents.read(archive, content, lease, options.signal);
      const loaded: LoadedImage[] = [];
      for (const archived of await readImages(contents, options.platform ?? hostPlatform())) loaded.push({ image: await this.#prepare(contents, archived, lease, options), index: archived.index, references: archived.references });
      options.signal?.throwIfAborted();
      await content.flush();
      this.#commit(loaded, options.onProgress);
    } finally {
      lease.release();
      // Members that no image names are garbage too.
      await collector.collect();
    }
  }

  async #prepare(contents: ArchiveContents, archived: ArchivedImage, lease: Lease, options: LoadOptions): Promise<NewImage> {
    const bytes = await contents.read(archived.configName, CONFIG_LIMIT_BYTES);
    const config = parseImageConfig(bytes);
    if (config.diffIds.length !== archived.layerNames.length) throw new InvalidArgumentError(`invalid archive: image has ${archived.layerNames.length} layers, its config names ${config.diffIds.length}`);
    if (options.platform) checkPlatform(config, options.platform);
    const blobs: LayerBlob[] = [];
    for (const [index, diffId] of config.diffIds.entries()) {
      const { digest, size } = await contents.layer(archived.layerNames[index] ?? '');
      blobs.push({ blob: digest, size, diffId });
    }
    const { manifest } = archived;
    for (const kept of [manifest, archived.index]) if (kept) await contents.blob(kept.name);
    const layers = await this.#parts.layers.ensure(blobs, lease, { ...(options.signal ? { signal: options.signal } : {}), ...(options.quiet ? {} : { onProgress: layerProgress(options.onProgress) }) });
    return { id: digestOf(bytes), config: bytes, layers, manifest: manifest && { digest: manifest.digest, mediaType: manifest.mediaType } };
  }

  #commit(loaded: readonly LoadedImage[], onProgress: LoadOptions['onProgress']): void {
    const { records, announce } = this.#parts;
    const lines: string[] = [];
    records.together(() => {
      for (const { image, index, references } of loaded) {
        records.add(image);
        if (index) records.add({ ...image, manifest: index });
        const digest = index?.digest ?? image.manifest?.digest;
        if (digest !== undefined) for (const { domain, path } of references) records.setReference({ domain, path, digest }, image.id);
        for (const reference of references) {
          const name = familiarName(reference);
          const before = records.setReference(reference, image.id);
          if (before !== undefined && before !== image.id) lines.push(`The image ${name} already exists, renaming the old one with ID ${before} to empty string\n`);
          lines.push(`Loaded image: ${name}\n`);
        }
        if (references.length === 0) lines.push(`Loaded image ID: ${image.id}\n`);
      }
    }, { durable: true });
    for (const stream of lines) onProgress({ stream });
    for (const { image } of loaded) announce({ action: 'load', id: image.id, attributes: { ...parseImageConfig(image.config).config.Labels, name: image.id } });
  }
}

async function readImages(contents: ArchiveContents, wanted: Platform): Promise<ArchivedImage[]> {
  const isLayout = contents.has('index.json');
  if (!isLayout && !contents.has('manifest.json')) throw new InvalidArgumentError('invalid archive: it has neither manifest.json (docker) nor index.json (OCI)');
  if (!isLayout) return readDockerArchive(contents);
  const images = await readOciLayout(contents, wanted);
  // Docker writes both into one archive: the layout knows the manifests, the list all names.
  return contents.has('manifest.json') ? withNames(images, await readDockerArchive(contents)) : images;
}

function withNames(images: readonly ArchivedImage[], named: readonly ArchivedImage[]): ArchivedImage[] {
  const joined = images.map((image) => {
    const names = named.filter(({ configName }) => configName === image.configName).flatMap(({ references }) => references);
    const all = new Map([...image.references, ...names].map((reference) => [familiarName(reference), reference]));
    return { ...image, references: [...all.values()] };
  });
  return [...joined, ...named.filter(({ configName }) => !images.some((image) => image.configName === configName))];
}

/** @throws NotFoundError */
function checkPlatform(config: ImageConfig, wanted: Platform): void {
  const actual = formatPlatform(normalize(platformOf(config)));
  if (!acceptable(wanted).includes(actual)) throw new NotFoundError(`the archive has no image for ${formatPlatform(wanted)}: it has ${actual}`);
}

/** Docker's lines: the layer by the first digits of its diffId. */
function layerProgress(onProgress: LoadOptions['onProgress']): LayerProgress {
  return ({ diffId, size }, state) => {
    if (state.phase === 'exists') return;
    const current = state.phase === 'unpacking' ? state.read : size;
    onProgress({ status: 'Loading layer', id: diffId.slice('sha256:'.length, 'sha256:'.length + 12), progressDetail: { current, total: size }, progress: bar(current, size) });
  };
}

/** The bar that older clients draw from: `[====>   ]  1.2MB/3.4MB`. */
function bar(current: number, total: number): string {
  const filled = total === 0 ? 50 : Math.floor((current / total) * 50);
  const line = filled >= 50 ? `${'='.repeat(49)}>` : `${'='.repeat(filled)}>${' '.repeat(49 - filled)}`;
  return `[${line}]  ${humanSize(current)}/${humanSize(total)}`;
}

/** Docker's sizes: powers of 1000, four digits. */
function humanSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${Number(value.toPrecision(4))}${units[unit] ?? ''}`;
}
