import { NotFoundError } from '../../../api/errors.ts';
import type { Limiter } from '../../../base/limiter.ts';
import type { Logger } from '../../../base/log.ts';
import type { ContentStore } from '../../content/content-store.ts';
import type { Digest } from '../../content/digest.ts';
import type { Leases } from '../../gc/leases.ts';
import type { Registries, Visitor } from '../../registry/registries.ts';
import type { OpenContent, Repository } from '../../registry/repository.ts';
import type { ImageRecords } from '../image-records.ts';
import type { ImageListener } from '../image.ts';
import type { Descriptor } from '../manifest.ts';
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
    for (const { digest } of plan.layers) options.onProgress({ kind: 'layer', digest, departure: { phase: 'preparing' } });
    const failed = new AbortController();
    const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])]);
    const neighbours = this.#neighbours(reference);
    const work = [...new Map(plan.layers.map((layer) => [layer.digest, layer])).values()].map((layer) => this.#pushLayer(repository, layer, { ...options, signal, mountFrom: neighbours.get(layer.digest) ?? [] }));
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

  async #pushLayer(repository: Repository, layer: Descriptor, options: PushOptions & { signal: AbortSignal; mountFrom: readonly string[] }): Promise<void> {
    const report = (departure: LayerDeparture): void => { options.onProgress({ kind: 'layer', digest: layer.digest, departure }); };
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

  /** For each blob, the repositories of the same registry that are known to have it: those of whose images we know a digest. */
  #neighbours({ domain, path }: Reference): Map<Digest, string[]> {
    const result = new Map<Digest, string[]>();
    for (const { repository, digest, image } of this.#parts.records.allReferences()) {
      if (digest === null || !repository.startsWith(`${domain}/`) || repository === `${domain}/${path}`) continue;
      for (const { blob } of this.#parts.records.layers(image)) result.set(blob, [...(result.get(blob) ?? []), repository.slice(domain.length + 1)]);
    }
    return result;
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
