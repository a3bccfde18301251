import { frameHeader } from '../../api/stdcopy.ts';
import type { LogRecord } from '../runtime/log-format.ts';

const NEWLINE = 10;

export interface LogEncoding {
  /** Docker's frames; false for a TTY, whose log is plain bytes. */
  multiplexed: boolean;
  timestamps: boolean;
}

/** Turns log records into the bytes that clients get. Keeps, per stream, whether a line is open: a timestamp stands at the start of lines only. */
export class LogEncoder {
  readonly #encoding: LogEncoding;
  readonly #lineOpen: [boolean, boolean, boolean] = [false, false, false];

  constructor(encoding: LogEncoding) {
    this.#encoding = encoding;
  }

  encode(records: readonly LogRecord[]): Buffer {
    const parts: Uint8Array[] = [];
    for (const record of records) {
      if (!this.#encoding.timestamps) {
        this.#push(parts, record.stream, record.data);
        continue;
      }
      for (const line of linesOf(record.data)) {
        const stamp = this.#lineOpen[record.stream] ? Buffer.alloc(0) : Buffer.from(`${formatTime(record.timeNs)} `);
        this.#push(parts, record.stream, stamp.length === 0 ? line : Buffer.concat([stamp, line]));
        this.#lineOpen[record.stream] = line.at(-1) !== NEWLINE;
      }
    }
    return Buffer.concat(parts);
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

/** RFC 3339 with nine decimals. */
export function formatTime(timeNs: bigint): string {
  const seconds = new Date(Number(timeNs / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}Z`;
}
