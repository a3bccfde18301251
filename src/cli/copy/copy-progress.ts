import { humanSize } from '../output/units.ts';

const EVERY_MS = 200;

/** Counts the bytes of a copy, and shows them on a terminal while they move. */
export class CopyProgress implements Disposable {
  readonly #timer: NodeJS.Timeout | undefined;
  #bytes = 0;
  #shown = false;

  /** @param header `Copying to container - `, shown on a terminal only */
  constructor(header: string, quiet: boolean) {
    if (quiet || !process.stderr.isTTY) return;
    this.#timer = setInterval(() => {
      process.stderr.write(`${this.#shown ? '\r' : ''}\u001b[2K${header}${this.size}`);
      this.#shown = true;
    }, EVERY_MS);
  }

  get size(): string {
    return humanSize(this.#bytes, 3);
  }

  async *count(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.#bytes += chunk.length;
      yield chunk;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#shown) process.stderr.write('\r\u001b[2K');
  }
}
