import { UnavailableError } from '../../api/errors.ts';

/** Bytes from one side that gives when it has some to another that takes when it can: `give` resolves once the chunk has been taken. */
export class HandOver implements AsyncIterable<Uint8Array> {
  #waiting: { chunk: Uint8Array; taken: () => void; lost: (why: Error) => void }[] = [];
  #wake: () => void = () => undefined;
  #closed: 'open' | 'ended' | 'abandoned' = 'open';

  /** @throws UnavailableError when nobody takes any more. */
  give(chunk: Uint8Array): Promise<void> {
    if (this.#closed !== 'open') return Promise.reject(new UnavailableError('the connection was closed'));
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#waiting.push({ chunk, taken: () => { resolve(undefined); }, lost: reject });
    this.#wake();
    return promise;
  }

  end(): void {
    if (this.#closed === 'open') this.#closed = 'ended';
    this.#wake();
  }

  /** Nobody will take what is left. */
  abandon(): void {
    this.#closed = 'abandoned';
    for (const { lost } of this.#waiting.splice(0)) lost(new UnavailableError('the connection was closed'));
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const next = this.#waiting.shift();
        if (next !== undefined) {
          yield next.chunk;
          next.taken();
        } else if (this.#closed !== 'open') return;
        else await new Promise<void>((resolve) => { this.#wake = resolve; });
      }
    } finally {
      this.abandon();
    }
  }
}
