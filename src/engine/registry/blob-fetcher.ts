import { InvalidArgumentError } from '../../api/errors.ts';
import { Limiter } from '../../base/limiter.ts';
import type { BlobInfo, ContentStore, ResumableContent } from '../content/content-store.ts';
import type { Growth } from '../content/growth.ts';
import type { Descriptor } from '../images/manifest.ts';
import { verificationFailed } from './collect-blob.ts';
import type { Repository } from './repository.ts';
import { SharedWork } from './shared-work.ts';

/** What a fetch has come to. Bytes are of the blob as it travels. */
export type FetchProgress =
  | { phase: 'waiting' }
  | { phase: 'downloading'; current: number; total: number; growth?: Growth | undefined }
  | { phase: 'retrying'; seconds: number }
  | { phase: 'verifying' };

export interface FetchOptions {
  /** Takes hold of the blob for this pull, before it can be seen. */
  hold: (blob: BlobInfo) => void;
  onProgress: (progress: FetchProgress) => void;
  signal?: AbortSignal | undefined;
}

/** Where blobs go. */
export type FetchedContent = Pick<ContentStore, 'has'> & ResumableContent;

/**
 * Brings blobs from repositories into the content store: at most so many at once over all pulls, each only once however many pulls
 * want it, verified by the store, from the next source when one gives wrong bytes. What an interrupted download has brought is kept
 * by the store, and the next one goes on at that byte.
 */
export class BlobFetcher {
  readonly #content: FetchedContent;
  readonly #limiter: Limiter;
  readonly #works = new SharedWork<FetchProgress, undefined>();

  constructor(options: { content: FetchedContent; maxDownloads: number }) {
    this.#content = options.content;
    this.#limiter = new Limiter(options.maxDownloads);
  }

  /** From now on; what runs goes on. */
  limitTo(maxDownloads: number): void {
    this.#limiter.resize(maxDownloads);
  }

  /** @returns whether the blob was there already */
  async fetch(repository: Repository, blob: Descriptor, options: FetchOptions): Promise<'exists' | 'fetched'> {
    options.hold(blob);
    for (;;) {
      if (await this.#content.has(blob.digest)) return 'exists';
      const { joined, result } = this.#works.run(blob.digest, (report, signal) => this.#limiter.run(async () => {
        await this.#download(repository, blob, { ...options, onProgress: report, signal });
        return undefined;
      }, { signal, onWait: () => { report({ phase: 'waiting' }); } }), options);
      try {
        await result;
        return 'fetched';
      } catch (error) {
        // Somebody else's failure, with somebody else's credentials, at another registry perhaps.
        if (!joined || options.signal?.aborted === true) throw error;
      }
    }
  }

  async #download(repository: Repository, blob: Descriptor, options: FetchOptions): Promise<void> {
    for (;;) {
      const source: { complete: boolean; growth?: Growth } = { complete: false };
      const open = (offset: number): AsyncIterable<Uint8Array> => report(repository.fetch(blob, { offset, signal: options.signal, onRetry: (seconds) => { options.onProgress({ phase: 'retrying', seconds }); } }), offset);
      async function* report(bytes: AsyncIterable<Uint8Array>, offset: number): AsyncGenerator<Uint8Array, void, undefined> {
        let current = offset;
        options.onProgress({ phase: 'downloading', current, total: blob.size, growth: source.growth });
        for await (const chunk of bytes) {
          current += chunk.byteLength;
          options.onProgress({ phase: 'downloading', current, total: blob.size, growth: source.growth });
          yield chunk;
        }
        source.complete = true;
        options.onProgress({ phase: 'verifying' });
      }
      try {
        await this.#content.resume(open, blob, { beforeCommit: options.hold, onGrowth: (growth) => { source.growth = growth; }, ...(options.signal ? { signal: options.signal } : {}) });
        return;
      } catch (error) {
        // All bytes have come, and the store refuses them: they are others than were announced.
        if (!source.complete || !(error instanceof InvalidArgumentError)) throw error;
        if (!repository.distrust(blob)) throw verificationFailed(blob);
      }
    }
  }
}
