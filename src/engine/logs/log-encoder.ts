import { frameHeader } from '../../api/stdcopy.ts';
import type { LogRecord } from './log-format.ts';
import { formatLogTime } from './log-time.ts';
import { detailsText, parseAttributes } from './log-attributes.ts';

const NEWLINE = 10;

export interface LogEncoding {
  /** Docker's frames; false for a TTY, whose log is plain bytes. */
  multiplexed: boolean;
  timestamps: boolean;
  /** Show what is noted with every line; the value stands for records that say nothing themselves. */
  details?: Readonly<Record<string, string>> | undefined;
}

/** Turns log records into the bytes that clients get. Keeps, per stream, whether a line is open: moments and details stand at the start of lines only. */
export class LogEncoder {
  readonly #encoding: LogEncoding;
  readonly #lineOpen: [boolean, boolean, boolean] = [false, false, false];
  readonly #details: string;
  /** The last attributes that were written out, as nearly every record has the same. */
  #last: { attributes: string; text: string } = { attributes: '', text: '' };

  constructor(encoding: LogEncoding) {
    this.#encoding = encoding;
    this.#details = detailsText(encoding.details ?? {});
  }

  encode(records: readonly LogRecord[]): Buffer {
    const parts: Uint8Array[] = [];
    const { timestamps, details } = this.#encoding;
    for (const record of records) {
      if (!timestamps && details === undefined) {
        this.#push(parts, record.stream, record.data);
        continue;
      }
      const prefix = Buffer.from(`${timestamps ? `${formatLogTime(record.timeNs)} ` : ''}${details === undefined ? '' : `${this.#detailsOf(record)} `}`);
      for (const line of linesOf(record.data)) {
        this.#push(parts, record.stream, this.#lineOpen[record.stream] ? line : Buffer.concat([prefix, line]));
        this.#lineOpen[record.stream] = line.at(-1) !== NEWLINE;
      }
    }
    return Buffer.concat(parts);
  }

  #detailsOf({ attributes }: LogRecord): string {
    if (attributes === undefined) return this.#details;
    if (this.#last.attributes !== attributes) this.#last = { attributes, text: detailsText(parseAttributes(attributes)) };
    return this.#last.text;
  }

  #push(parts: Uint8Array[], stream: 1 | 2, data: Buffer): void {
    if (this.#encoding.multiplexed) parts.push(frameHeader(stream, data.length));
    parts.push(data);
  }
}

function linesOf(data: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = data.indexOf(NEWLINE); end !== -1; end = data.indexOf(NEWLINE, start)) {
    lines.push(data.subarray(start, end + 1));
    start = end + 1;
  }
  if (start < data.length) lines.push(data.subarray(start));
  return lines;
}
