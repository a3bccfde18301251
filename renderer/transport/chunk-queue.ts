/**
 * An async iterable that is filled from outside: what arrives by events is read with `for await`. One reader.
 * `onRead` hears of every chunk that the reader has taken (for flow control); `onAbandon` when it stops before the end.
 */
export class ChunkQueue implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = [];
  readonly #onRead: (bytes: number) => void;
  readonly #onAbandon: () => void;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(hooks: { onRead?: (bytes: number) => void; onAbandon?: () => void } = {}) {
    this.#onRead = hooks.onRead ?? (() => undefined);
    this.#onAbandon = hooks.onAbandon ?? (() => undefined);
  }

  push(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#chunks.push(chunk);
    this.#wake?.();
  }

  /** No more will come; with `failure`, the reader gets it after what is already there. Only the first call counts. */
  end(failure?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk) {
          this.#onRead(chunk.length);
          yield chunk;
        } else if (this.#failure) throw this.#failure;
        else if (this.#ended) return;
        else {
          const { promise, resolve } = Promise.withResolvers<undefined>();
          this.#wake = () => resolve(undefined);
          await promise;
        }
      }
    } finally {
      if (!this.#ended) {
        this.end();
        this.#onAbandon();
      }
    }
  }
}
