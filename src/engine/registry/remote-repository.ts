import type { Logger } from '../../base/log.ts';
import type { BackoffPolicy } from '../../base/retry.ts';
import { messageOf } from '../../api/errors.ts';
import { downloadBlob } from './blob-download.ts';
import { uploadBlob } from './blob-upload.ts';
import type { Digest } from '../content/digest.ts';
import type { Descriptor } from '../images/manifest.ts';
import { getManifest, headManifest, putManifest } from './manifest-request.ts';
import { pagedList } from './paged-list.ts';
import type { RegistryClient } from './registry-client.ts';
import type { FetchBlobOptions, OpenContent, PushOutcome, Repository } from './repository.ts';

export interface RemoteRepositoryOptions {
  domain: string;
  path: string;
  /** In the order in which they are asked; the last is the origin and the only one that is written to. */
  clients: readonly [...RegistryClient[], RegistryClient];
  policy: BackoffPolicy;
  chunkBytes?: number | undefined;
  log: Logger;
}

/** `Repository` over HTTP. */
export class RemoteRepository implements Repository {
  readonly name: string;
  readonly #options: RemoteRepositoryOptions;
  /** Sources that have given bytes of a blob, in order, and those that gave wrong ones. */
  readonly #used = new Map<Digest, Set<RegistryClient>>();
  readonly #distrusted = new Map<Digest, Set<RegistryClient>>();

  constructor(options: RemoteRepositoryOptions) {
    this.name = `${options.domain}/${options.path}`;
    this.#options = options;
  }

  resolve(reference: string, signal?: AbortSignal): Promise<Descriptor> {
    return this.#firstOf(async (client) => {
      const question = { path: this.#options.path, reference, signal };
      return await headManifest(client, question) ?? (await getManifest(client, question)).descriptor;
    }, signal);
  }

  manifest(reference: string, signal?: AbortSignal): Promise<{ descriptor: Descriptor; bytes: Buffer }> {
    return this.#firstOf((client) => getManifest(client, { path: this.#options.path, reference, signal }), signal);
  }

  async *fetch(blob: Descriptor, options: FetchBlobOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    let offset = options.offset ?? 0;
    let failure: unknown;
    for (const client of this.#sourcesOf(blob)) {
      try {
        for await (const chunk of this.#download(client, blob, offset, options)) {
          offset += chunk.byteLength;
          noteIn(this.#used, blob.digest, client);
          yield chunk;
        }
        return;
      } catch (error) {
        if (options.signal?.aborted === true) throw error;
        this.#options.log.warn('source failed', { host: client.endpoint.base.host, blob: blob.digest, error: messageOf(error) });
        failure = error;
      }
    }
    throw failure;
  }

  distrust(blob: Descriptor): boolean {
    const [first] = this.#used.get(blob.digest) ?? [];
    if (!first) return false;
    this.#options.log.warn('source gave other bytes', { host: first.endpoint.base.host, blob: blob.digest });
    noteIn(this.#distrusted, blob.digest, first);
    this.#used.delete(blob.digest);
    return this.#sourcesOf(blob).length > 0;
  }

  push(blob: Descriptor, open: OpenContent, options: { mountFrom?: readonly string[]; signal?: AbortSignal | undefined; onBytes?: (sent: number) => void } = {}): Promise<PushOutcome> {
    return uploadBlob({
      client: this.#origin, path: this.#options.path, blob, open, policy: this.#options.policy, chunkBytes: this.#options.chunkBytes,
      mountFrom: (options.mountFrom ?? []).filter((from) => from !== this.#options.path), signal: options.signal, onBytes: options.onBytes ?? (() => undefined),
    });
  }

  tag(manifest: Descriptor, bytes: Uint8Array, tag: string | undefined, signal?: AbortSignal): Promise<void> {
    return putManifest(this.#origin, { path: this.#options.path, reference: tag ?? manifest.digest, signal }, manifest, bytes);
  }

  async *tags(signal?: AbortSignal): AsyncGenerator<string, void, undefined> {
    const { path } = this.#options;
    yield* pagedList(this.#origin, { target: `${path}/tags/list?n=100`, field: 'tags', scopes: [`repository:${path}:pull`], what: `tags of ${this.name}`, signal });
  }

  get #origin(): RegistryClient {
    const { clients } = this.#options;
    return clients[clients.length - 1] as RegistryClient;
  }

  #download(client: RegistryClient, blob: Descriptor, offset: number, { signal, onRetry }: FetchBlobOptions): AsyncIterable<Uint8Array> {
    const { path, log, policy } = this.#options;
    return downloadBlob({
      blob, offset, signal, onRetry, policy: client.endpoint.kind === 'mirror' ? { ...policy, attempts: Math.min(2, policy.attempts) } : policy,
      request: (at) => client.sendOnce({
        method: 'GET', target: `${path}/blobs/${blob.digest}`, headers: at === 0 ? {} : { range: `bytes=${at}-` }, scopes: [`repository:${path}:pull`],
        accept: [200, 206, 416], what: `blob ${blob.digest}`, signal,
      }),
      onResume: (at, error) => { log.info('download resumes', { host: client.endpoint.base.host, blob: blob.digest, at, error: messageOf(error) }); },
    });
  }

  #sourcesOf(blob: Descriptor): RegistryClient[] {
    const distrusted = this.#distrusted.get(blob.digest);
    return this.#options.clients.filter((client) => distrusted?.has(client) !== true);
  }

  /** The answer of the first that has one. Where none has, the origin's word counts: it is the last. */
  async #firstOf<T>(ask: (client: RegistryClient) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    for (const client of this.#options.clients.slice(0, -1)) {
      try {
        return await ask(client);
      } catch (error) {
        signal?.throwIfAborted();
        this.#options.log.info('mirror did not help', { host: client.endpoint.base.host, repository: this.name, error: messageOf(error) });
      }
    }
    return ask(this.#origin);
  }
}

function noteIn(map: Map<Digest, Set<RegistryClient>>, digest: Digest, client: RegistryClient): void {
  const known = map.get(digest);
  if (known) known.add(client);
  else map.set(digest, new Set([client]));
}
