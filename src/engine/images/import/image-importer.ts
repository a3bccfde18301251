import { Readable } from 'node:stream';
import type { HttpClient } from '../../registry/http-client.ts';
import { applyChanges } from '../changes/apply-changes.ts';
import type { ImageListener } from '../image.ts';
import type { ImageMaker } from '../make/image-maker.ts';
import type { Platform } from '../manifest.ts';
import { familiarName, type Reference } from '../reference.ts';
import { download, parseSourceUrl } from './archive-download.ts';

export interface ImportRequest {
  /** The archive itself, or the address that it is fetched from. */
  source: AsyncIterable<Uint8Array> | string;
  reference: Reference | undefined;
  /** Empty: one that names the source. */
  message: string;
  /** Instructions of the Dockerfile language. */
  changes: readonly string[];
  platform: Platform;
}

export type ImportProgress =
  | { kind: 'source'; url: string }
  | { kind: 'bytes'; current: number; total: number | undefined }
  | { kind: 'done'; id: string };

/** Turns a tar of a file tree into an image of one layer. */
export class ImageImporter {
  readonly #maker: ImageMaker;
  readonly #http: HttpClient;
  readonly #announce: ImageListener;

  constructor(parts: { maker: ImageMaker; http: HttpClient; announce: ImageListener }) {
    this.#maker = parts.maker;
    this.#http = parts.http;
    this.#announce = parts.announce;
  }

  /** @throws InvalidArgumentError for a bad change, a bad address or what is no tar; InternalError when the address cannot be fetched. Nothing was reported before the first two. */
  async import({ source, reference, message, changes, platform }: ImportRequest, options: { signal: AbortSignal; onProgress: (progress: ImportProgress) => void }): Promise<void> {
    const config = applyChanges({}, changes);
    const isUrl = typeof source === 'string';
    const layer = isUrl ? await this.#fetch(parseSourceUrl(source), options) : source;
    const comment = message === '' ? `Imported from ${isUrl ? source : '-'}` : message;
    const image = await this.#maker.make({ parent: undefined, layer, reference, description: { config, platform, author: '', comment, createdBy: '' } }, options.signal);
    if (reference) this.#announce({ action: 'tag', id: image.id, attributes: { ...image.labels, name: familiarName(reference) } });
    this.#announce({ action: 'import', id: image.id, attributes: { ...image.labels, name: image.id } });
    options.onProgress({ kind: 'done', id: image.id });
  }

  async #fetch(url: URL, { signal, onProgress }: { signal: AbortSignal; onProgress: (progress: ImportProgress) => void }): Promise<Readable> {
    const { bytes, totalBytes: total } = await download(this.#http, url, signal);
    onProgress({ kind: 'source', url: url.href });
    let current = 0;
    return Readable.from((async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of bytes) {
        current += chunk.length;
        onProgress({ kind: 'bytes', current, total });
        yield chunk;
      }
    })());
  }
}
