import type { LogLine } from './log-driver.ts';
import type { LogRecord } from './log-format.ts';

const NEWLINE = 10;
/** Longer lines come in parts. Source: moby, daemon/logger/copier.go. */
const MOST_BYTES = 16 * 1024;

/** Makes lines of one stream's records, each with the moment at which it began. */
export class LineSplitter {
  readonly #stream: 1 | 2;
  #open: Buffer = Buffer.alloc(0);
  #openNs = 0n;

  constructor(stream: 1 | 2) {
    this.#stream = stream;
  }

  push({ data, timeNs }: Pick<LogRecord, 'data' | 'timeNs'>): LogLine[] {
    const lines: LogLine[] = [];
    let start = 0;
    for (let end = data.indexOf(NEWLINE); end !== -1; end = data.indexOf(NEWLINE, start)) {
      this.#extend(data.subarray(start, end), timeNs);
      lines.push(...this.#parts(), this.#line(this.#open, false));
      this.#open = Buffer.alloc(0);
      start = end + 1;
    }
    if (start < data.length) this.#extend(data.subarray(start), timeNs);
    return [...lines, ...this.#parts()];
  }

  /** What is left at the end of the stream. */
  end(): LogLine[] {
    const rest = this.#open.length === 0 ? [] : [this.#line(this.#open, true)];
    this.#open = Buffer.alloc(0);
    return rest;
  }

  #extend(bytes: Buffer, timeNs: bigint): void {
    if (this.#open.length === 0) this.#openNs = timeNs;
    this.#open = this.#open.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#open, bytes]);
  }

  #parts(): LogLine[] {
    const parts: LogLine[] = [];
    while (this.#open.length >= MOST_BYTES) {
      parts.push(this.#line(this.#open.subarray(0, MOST_BYTES), true));
      this.#open = this.#open.subarray(MOST_BYTES);
    }
    return parts;
  }

  #line(text: Buffer, isPart: boolean): LogLine {
    return { stream: this.#stream, timeNs: this.#openNs, text, isPart };
  }
}
