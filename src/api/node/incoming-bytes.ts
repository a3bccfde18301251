import type { Readable } from 'node:stream';

/**
 * A readable stream as the contract's byte source: abandoning it closes the connection, even before the first read
 * (an async generator would not notice that), and its errors are translated once.
 */
export class IncomingBytes implements AsyncIterable<Uint8Array> {
  readonly #stream: Readable;
  readonly #translate: (error: Error) => Error;

  constructor(stream: Readable, translate: (error: Error) => Error) {
    this.#stream = stream;
    this.#translate = translate;
    // Whoever reads gets the error; without a reader it must not end the process.
    stream.on('error', () => undefined);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    // The default iterator destroys a socket at its end, and with it the direction that may go on.
    const source = this.#stream.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
    return {
      next: async () => {
        try {
          return await source.next();
        } catch (error) {
          throw error instanceof Error ? this.#translate(error) : error;
        }
      },
      return: async () => {
        this.#stream.destroy();
        return { done: true, value: undefined };
      },
    };
  }
}
