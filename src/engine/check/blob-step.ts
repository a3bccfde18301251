import { createHash } from 'node:crypto';
import type { BlobInfo } from '../content/content-store.ts';
import type { Digest } from '../content/digest.ts';
import type { FileContentStore } from '../content/file-content-store.ts';
import type { CheckStep, Finding, StepContext } from './finding.ts';

export interface BlobStepParts {
  content: FileContentStore;
  /** Commands that bring the images of a blob again, for people. */
  remedyFor: (digest: Digest) => string | undefined;
}

/** Every blob holds what its name says, and no other file lies among them. */
export class BlobStep implements CheckStep {
  readonly name = 'blobs';
  readonly #parts: BlobStepParts;

  constructor(parts: BlobStepParts) {
    this.#parts = parts;
  }

  async *run({ signal, progress }: StepContext): AsyncIterable<Finding> {
    const { content, remedyFor } = this.#parts;
    const blobs = await Array.fromAsync(content.list());
    const total = blobs.reduce((sum, { size }) => sum + size, 0);
    let before = 0;
    for (const blob of blobs) {
      const found = await this.#read(blob, signal, (bytes) => { progress(before + bytes, total); });
      before += blob.size;
      progress(before, total);
      if (found === undefined || found === blob.digest) continue;
      const remedy = remedyFor(blob.digest);
      yield { kind: 'damaged', subject: blob.digest, text: `the blob does not hold what its name says: ${found}`, ...(remedy === undefined ? {} : { remedy }), repair: () => content.remove(blob.digest) };
    }
    for (const path of content.strays()) yield { kind: 'orphan', subject: path, text: 'a file that is no blob and that nobody is writing', repair: () => { content.clearStrays(); } };
  }

  /** What the blob holds; undefined when it has been removed meanwhile, which is nobody's fault. A disk that cannot read it is told as such. */
  async #read({ digest }: BlobInfo, signal: AbortSignal, progress: (bytes: number) => void): Promise<string | undefined> {
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      for await (const chunk of await this.#parts.content.open(digest)) {
        signal.throwIfAborted();
        hash.update(chunk as Buffer);
        bytes += (chunk as Buffer).length;
        progress(bytes);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!(await this.#parts.content.has(digest))) return undefined;
      return `it cannot be read (${error instanceof Error ? error.message : String(error)})`;
    }
    return `sha256:${hash.digest('hex')}`;
  }
}
