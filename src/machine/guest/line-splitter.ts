import { StringDecoder } from 'node:string_decoder';

/**
 * Cuts a byte stream into lines. A line longer than the limit is cut there and its rest is dropped, so that a peer that never
 * ends its line costs no more memory than the limit.
 */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #limit: number;
  readonly #onLine: (line: string) => void;
  #pending = '';
  #dropping = false;

  constructor(options: { limit: number; onLine: (line: string) => void }) {
    this.#limit = options.limit;
    this.#onLine = options.onLine;
  }

  push(chunk: Uint8Array): void {
    const pieces = this.#decoder.write(chunk).split('\n');
    const rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      this.#append(piece);
      this.#flush();
    }
    this.#append(rest);
  }

  /** Hands over a last line that has no line end. */
  end(): void {
    this.#append(this.#decoder.end());
    if (this.#pending !== '') this.#flush();
  }

  #append(text: string): void {
    if (this.#dropping) return;
    this.#pending += text;
    if (this.#pending.length <= this.#limit) return;
    this.#pending = this.#pending.slice(0, this.#limit);
    this.#dropping = true;
  }

  #flush(): void {
    const line = this.#pending;
    this.#pending = '';
    this.#dropping = false;
    this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  }
}
