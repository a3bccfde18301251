import type { Logger } from '../../../base/log.ts';
import type { ContentStore } from '../../content/content-store.ts';
import type { Digest } from '../../content/digest.ts';
import type { Lease, Leases } from '../../gc/leases.ts';
import type { BlobFetcher } from '../../registry/blob-fetcher.ts';
import { isAnonymous } from '../../registry/credentials.ts';
import { acceptable, formatPlatform, normalize } from '../../registry/platform.ts';
import type { Registries, Visitor } from '../../registry/registries.ts';
import type { Repository } from '../../registry/repository.ts';
import { platformOf } from '../image-config.ts';
import type { ImageRecords, LayerRecord } from '../image-records.ts';
import type { ImageListener } from '../image.ts';
import type { LayerBlob, LayerStore } from '../layer-store.ts';
import type { Platform } from '../manifest.ts';
import { familiarName, familiarRepository, type Reference, repositoryOf } from '../reference.ts';
import { type FoundManifest, type RemoteImage, resolveImage } from './image-resolver.ts';
import { LayerArrivals } from './layer-arrivals.ts';
import { pullError } from './transfer-error.ts';
import type { PullProgress } from './transfer-progress.ts';

export interface ImagePullerParts {
  registries: Registries;
  fetcher: BlobFetcher;
  content: ContentStore;
  layers: LayerStore;
  records: ImageRecords;
  leases: Leases;
  announce: ImageListener;
  host: Platform;
  log: Logger;
}

export interface PullOptions {
  visitor: Visitor;
  /** The host's where none is asked for. */
  platform?: Platform | undefined;
  onProgress: (progress: PullProgress) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Brings images here: resolve (mirrors first), then every layer in parallel: fetch, verify, unpack while it comes, commit from
 * the bottom up; the image and its names are written last, in one transaction. One lease spans it. A pull that fails or is aborted
 * leaves the images as they were; what its downloads have brought is kept for the next.
 */
export class ImagePuller {
  readonly #parts: ImagePullerParts;

  constructor(parts: ImagePullerParts) {
    this.#parts = parts;
  }

  /**
   * @param reference with a tag or a digest; without either, all tags of the repository are pulled
   * @throws NotFoundError, PermissionDeniedError, UnavailableError, in docker's words; nothing was reported before those of the first image
   */
  async pull(reference: Reference, options: PullOptions): Promise<void> {
    try {
      const repository = await this.#parts.registries.repository(reference, options.visitor, { use: 'pull', signal: options.signal });
      let changed = false;
      if (reference.tag !== undefined || reference.digest !== undefined) changed = await this.#pullOne(repository, reference, options);
      else for await (const tag of repository.tags(options.signal)) changed = await this.#pullOne(repository, { ...reference, tag }, options) || changed;
      options.onProgress({ kind: 'done', name: familiarName(withoutTagBesideDigest(reference)), changed });
    } catch (error) {
      options.signal?.throwIfAborted();
      throw pullError(error, reference, !isAnonymous(options.visitor.credentials ?? {}));
    }
  }

  /** @returns whether the name has led to something else, or to nothing, before */
  async #pullOne(repository: Repository, named: Reference, options: PullOptions): Promise<boolean> {
    const reference = withoutTagBesideDigest(named);
    const wanted = reference.digest ?? reference.tag ?? '';
    const platform = options.platform ?? this.#parts.host;
    const target = await repository.resolve(wanted, options.signal);
    const before = this.#find(reference);
    const upToDate = before !== undefined && this.#isSame(before, target.digest, platform) && this.#parts.records.findByDigest(target.digest, repositoryOf(reference)) === before && await this.#isWhole(before);
    using lease = this.#parts.leases.acquire();
    const image = upToDate ? undefined : await resolveImage(repository, target.digest, platform, options.signal);
    options.onProgress({ kind: 'source', path: reference.path, tag: wanted });
    if (image) {
      this.#warnOfPlatform(image, named, platform, options);
      await this.#bring(repository, image, lease, options).then((layers) => { this.#write(reference, image, layers); });
    }
    const id = image?.config.digest ?? before ?? '';
    options.onProgress({ kind: 'digest', digest: target.digest });
    this.#announce(id, reference);
    return before !== id;
  }

  #find(reference: Reference): string | undefined {
    return reference.digest === undefined ? this.#parts.records.findByReference(reference) : this.#parts.records.findByDigest(reference.digest, repositoryOf(reference));
  }

  /** Whether an image that is here is what the registry has under that digest for this platform. */
  #isSame(id: string, digest: Digest, platform: Platform): boolean {
    const record = this.#parts.records.find(id);
    if (!record || !this.#parts.records.manifests(id).some((manifest) => manifest.digest === digest)) return false;
    return acceptable(platform).includes(formatPlatform(normalize(platformOf(record.config))));
  }

  /** A disk may have lost a blob, and a repair removes what is damaged: then the image is pulled as if it were new. */
  async #isWhole(id: string): Promise<boolean> {
    const { records, content, layers } = this.#parts;
    const blobs = [...records.layers(id).map(({ blob }) => blob), ...records.manifests(id).map(({ digest }) => digest)];
    const there = await Promise.all(blobs.map((digest) => content.has(digest)));
    return there.every(Boolean) && await layers.has(records.find(id)?.topSnapshot);
  }

  #warnOfPlatform(image: RemoteImage, reference: Reference, wanted: Platform, { onProgress }: PullOptions): void {
    const actual = formatPlatform(normalize(platformOf(image.config.parsed)));
    if (acceptable(wanted).includes(actual) || image.config.parsed.architecture === '') return;
    onProgress({ kind: 'warning', text: `image with reference ${familiarName(reference)} was found but does not match the specified platform: wanted ${formatPlatform(wanted)}, actual: ${actual}` });
  }

  /** Layers, unpacked; manifests, stored. All of it held by the lease. */
  async #bring(repository: Repository, image: RemoteImage, lease: Lease, options: PullOptions): Promise<LayerRecord[]> {
    const failed = new AbortController();
    const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])]);
    const { layers } = image.manifest.parsed;
    const arrivals = new LayerArrivals({
      fetcher: this.#parts.fetcher, content: this.#parts.content, repository, lease, signal,
      report: (digest, arrival) => { options.onProgress({ kind: 'layer', digest, arrival }); },
    });
    try {
      const blobs = layers.map(({ digest, size }, index): LayerBlob => ({ blob: digest, size, diffId: image.config.parsed.diffIds[index] ?? digest }));
      // Of an image that is here under another name, docker tells nothing.
      const known = this.#parts.records.find(image.config.digest) !== undefined;
      await arrivals.start(layers, { present: await this.#parts.layers.countPresent(blobs, lease), silent: known });
      const records = await this.#parts.layers.ensure(blobs, lease, {
        signal, arrivalOf: ({ blob }) => arrivals.of(blob), onProgress: (layer, phase) => { arrivals.unpacking(layer, phase); },
      });
      for (const manifest of new Set([image.manifest, image.top])) await this.#store(manifest, lease);
      return records;
    } catch (error) {
      failed.abort(error);
      await arrivals.settled();
      throw error;
    }
  }

  async #store({ descriptor, bytes }: FoundManifest, lease: Lease): Promise<void> {
    lease.hold('blob', descriptor.digest);
    await this.#parts.content.write(once(bytes), { digest: descriptor.digest, size: bytes.length });
  }

  #write(reference: Reference, { top, manifest, config }: RemoteImage, layers: readonly LayerRecord[]): void {
    const { records } = this.#parts;
    const { domain, path } = reference;
    records.together(() => {
      for (const { descriptor } of new Set([manifest, top])) {
        records.add({ id: config.digest, config: config.bytes, layers, manifest: { digest: descriptor.digest, mediaType: descriptor.mediaType } });
      }
      records.setReference({ domain, path, digest: top.descriptor.digest }, config.digest);
      if (reference.tag !== undefined) records.setReference(reference, config.digest);
    }, { durable: true });
    this.#parts.log.info('image pulled', { image: familiarName(reference), id: config.digest, digest: top.descriptor.digest, layers: layers.length });
  }

  #announce(id: string, reference: Reference): void {
    const labels = this.#parts.records.find(id)?.labels ?? {};
    this.#parts.announce({ action: 'pull', id: familiarName(reference), attributes: { ...labels, name: familiarRepository(repositoryOf(reference)) } });
  }
}

/** A digest says more than a tag beside it. */
function withoutTagBesideDigest({ domain, path, tag, digest }: Reference): Reference {
  if (digest !== undefined) return { domain, path, digest };
  return tag === undefined ? { domain, path } : { domain, path, tag };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
