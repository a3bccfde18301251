import { NotFoundError } from '../../../api/errors.ts';
import type { Limiter } from '../../../base/limiter.ts';
import type { Logger } from '../../../base/log.ts';
import type { ContentStore } from '../../content/content-store.ts';
import { type Digest, isDigest } from '../../content/digest.ts';
import type { Leases } from '../../gc/leases.ts';
import type { Registries, Visitor } from '../../registry/registries.ts';
import type { OpenContent, Repository } from '../../registry/repository.ts';
import type { ImageRecords } from '../image-records.ts';
import type { ImageListener } from '../image.ts';
import { type Descriptor, parseManifest } from '../manifest.ts';
import { familiarName, familiarRepository, type Reference, repositoryOf } from '../reference.ts';
import { planPush, type PushPlan } from './push-plan.ts';
import { pushError } from './transfer-error.ts';
import type { LayerDeparture, PushProgress } from './transfer-progress.ts';

export interface ImagePusherParts {
  registries: Registries;
  content: ContentStore;
  records: ImageRecords;
  leases: Leases;
  /** Blobs on their way at once, over all pushes. */
  uploads: Limiter;
  announce: ImageListener;
  log: Logger;
}

export interface PushOptions {
  visitor: Visitor;
  onProgress: (progress: PushProgress) => void;
  signal?: AbortSignal | undefined;
}

interface DepartingLayer extends Descriptor { diffId: Digest }

/** Sends images to their registry: blobs in parallel, each where it is not yet, then the manifest. One lease spans it. */
export class ImagePusher {
  readonly #parts: ImagePusherParts;

  constructor(parts: ImagePusherParts) {
    this.#parts = parts;
  }

  /**
   * @param reference without a tag, all tags of the repository that are here are pushed
   * @throws NotFoundError, in docker's words, before anything is sent; PermissionDeniedError, UnavailableError
   */
  async push(reference: Reference, options: PushOptions): Promise<void> {
    // As in dockerd, that line comes before anything is looked at.
    options.onProgress({ kind: 'target', repository: repositoryOf(reference) });
    const targets = this.#targets(reference);
    try {
      const repository = await this.#parts.registries.repository(reference, options.visitor, { use: 'push', signal: options.signal });
      for (const target of targets) await this.#pushOne(repository, target.id, target.reference, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw pushError(error);
    }
  }

  #targets(reference: Reference): { id: string; reference: Reference }[] {
    const { records } = this.#parts;
    const { domain, path, tag } = reference;
    const known = records.allReferences().filter(({ repository, tag: found }) => repository === repositoryOf(reference) && found !== null);
    if (known.length === 0) throw new NotFoundError(`An image does not exist locally with the tag: ${familiarRepository(repositoryOf(reference))}`);
    const wanted = tag === undefined ? known : known.filter((one) => one.tag === tag);
    if (wanted.length === 0) throw new NotFoundError(`tag does not exist: ${familiarName(reference)}`);
    return wanted.map((one) => ({ id: one.image, reference: { domain, path, tag: one.tag ?? '' } }));
  }

  async #pushOne(repository: Repository, id: string, reference: Reference, options: PushOptions): Promise<void> {
    using lease = this.#parts.leases.acquire();
    const plan = await planPush(id, this.#parts, lease, options.signal);
    const layers = this.#layersOf(plan);
    for (const { diffId } of layers) options.onProgress({ kind: 'layer', diffId, departure: { phase: 'preparing' } });
    const failed = new AbortController();
    const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])]);
    const neighbours = await this.#neighbours(reference, layers);
    const work = layers.map((layer) => this.#pushLayer(repository, layer, { ...options, signal, mountFrom: neighbours.get(layer.digest) ?? [] }));
    const config = this.#parts.uploads.run(() => repository.push(plan.config.descriptor, (offset) => once(plan.config.bytes.subarray(offset)), { signal }), { signal });
    try {
      await Promise.all([...work, config]);
    } catch (error) {
      failed.abort(error);
      await Promise.allSettled([...work, config]);
      throw error;
    }
    await repository.tag(plan.manifest, plan.bytes, reference.tag, options.signal);
    lease.hold('blob', plan.manifest.digest);
    await this.#remember(plan, reference);
    options.onProgress({ kind: 'done', tag: reference.tag ?? '', digest: plan.manifest.digest, size: plan.bytes.length });
  }

  /** Each once, the topmost first, as docker shows them. */
  #layersOf(plan: PushPlan): DepartingLayer[] {
    const diffIds = this.#parts.records.layers(plan.id).map(({ diffId }) => diffId);
    const layers = plan.layers.map((layer, index): DepartingLayer => ({ ...layer, diffId: diffIds[index] ?? layer.digest }));
    return [...new Map(layers.map((layer) => [layer.digest, layer])).values()].reverse();
  }

  async #pushLayer(repository: Repository, layer: DepartingLayer, options: PushOptions & { signal: AbortSignal; mountFrom: readonly string[] }): Promise<void> {
    const report = (departure: LayerDeparture): void => { options.onProgress({ kind: 'layer', diffId: layer.diffId, departure }); };
    const outcome = await this.#parts.uploads.run(() => repository.push(layer, this.#reader(layer.digest), {
      mountFrom: options.mountFrom, signal: options.signal, onBytes: (current) => { report({ phase: 'pushing', current, total: layer.size }); },
    }), { signal: options.signal, onWait: () => { report({ phase: 'waiting' }); } });
    report(typeof outcome === 'object' ? { phase: 'mounted', from: outcome.mountedFrom } : { phase: outcome });
  }

  #reader(digest: Digest): OpenContent {
    const { content } = this.#parts;
    return async function* read(offset) {
      let skip = offset;
      for await (const chunk of await content.open(digest) as AsyncIterable<Uint8Array>) {
        if (skip < chunk.byteLength) yield skip === 0 ? chunk : chunk.subarray(skip);
        skip = Math.max(0, skip - chunk.byteLength);
      }
    };
  }

  /** For each blob, the repositories of the same registry that are known to have it: those that have an image with the same layer under a manifest that names the blob. */
  async #neighbours({ domain, path }: Reference, layers: readonly DepartingLayer[]): Promise<Map<Digest, string[]>> {
    const { records } = this.#parts;
    const result = new Map<Digest, string[]>();
    const ours = new Set(layers.map(({ diffId }) => diffId));
    for (const { repository, digest, image } of records.allReferences()) {
      if (!isDigest(digest) || !repository.startsWith(`${domain}/`) || repository === `${domain}/${path}`) continue;
      const theirs = records.layers(image);
      if (!theirs.some(({ diffId }) => ours.has(diffId))) continue;
      for (const blob of await this.#blobsOf(digest) ?? theirs.map((layer) => layer.blob)) result.set(blob, [...(result.get(blob) ?? []), repository.slice(domain.length + 1)]);
    }
    return result;
  }

  /** What an image's manifest names; undefined where it is an index, or not here any more. */
  async #blobsOf(manifest: Digest): Promise<Digest[] | undefined> {
    try {
      const parsed = parseManifest(await this.#parts.content.read(manifest));
      return parsed.kind === 'image' ? parsed.layers.map(({ digest }) => digest) : undefined;
    } catch {
      return undefined;
    }
  }

  async #remember(plan: PushPlan, reference: Reference): Promise<void> {
    const { records, content } = this.#parts;
    const { domain, path } = reference;
    await content.write(once(plan.bytes), plan.manifest);
    records.together(() => {
      // The image may have been removed meanwhile.
      if (!records.find(plan.id)) return;
      records.add({ id: plan.config.descriptor.digest, config: plan.config.bytes, layers: records.layers(plan.id), manifest: { digest: plan.manifest.digest, mediaType: plan.manifest.mediaType } });
      records.setReference({ domain, path, digest: plan.manifest.digest }, plan.id);
    });
    this.#parts.log.info('image pushed', { image: familiarName(reference), id: plan.id, digest: plan.manifest.digest });
    this.#parts.announce({ action: 'push', id: familiarName(reference), attributes: { ...records.find(plan.id)?.labels, name: familiarRepository(`${domain}/${path}`) } });
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes;
}
