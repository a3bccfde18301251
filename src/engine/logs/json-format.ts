import { parseLogTime } from './log-time.ts';
import type { DecodedLog, LogFormat, LogRecord } from './log-format.ts';

/**
 * Docker's json-file: `{"log":"…\n","stream":"stdout","attrs":{…},"time":"…"}` on each line.
 * Lines in the shape in which Docker and the shim write them are taken apart byte by byte, others by a JSON parser; what is neither is left out.
 * Source: moby, daemon/logger/jsonfilelog/jsonlog.
 */
export const jsonFormat: LogFormat = {
  decode: (bytes, exact) => new JsonLines(bytes, exact).decode(),
  previous(bytes, end, isBeginning) {
    const newline = end < 2 ? -1 : bytes.lastIndexOf(NEWLINE, end - 2);
    if (newline !== -1) return newline + 1;
    return isBeginning && end > 0 ? 0 : undefined;
  },
};

const NEWLINE = 10;
const QUOTE = 34;
const BACKSLASH = 92;
const LETTER_U = 117;
const HEAD = Buffer.from('{"log":"');
const STREAM = Buffer.from('","stream":"std');
const TIME = ',"time":"';
/** `"}` at the end of a line. */
const TAIL_BYTES = 2;
const SIMPLE = new Map([[110, 10], [114, 13], [116, 9], [98, 8], [102, 12], [34, 34], [92, 92], [47, 47]]);

/** One batch of lines. The text of all of them is unescaped into one buffer: it is never longer than what stands in the file. */
class JsonLines {
  readonly #bytes: Buffer;
  readonly #exact: boolean;
  readonly #text: Buffer;
  readonly #records: LogRecord[] = [];
  #length = 0;
  /** Of records that may still be joined with the next. */
  #joined: { stream: 1 | 2; from: number } | undefined;

  constructor(bytes: Buffer, exact: boolean) {
    this.#bytes = bytes;
    this.#exact = exact;
    this.#text = Buffer.allocUnsafeSlow(bytes.length);
  }

  decode(): DecodedLog {
    const end = this.#bytes.lastIndexOf(NEWLINE) + 1;
    let at = 0;
    while (at < end) at = this.#take(at);
    this.#endJoined();
    return { records: this.#records, used: end, damaged: false };
  }

  /** @returns where the next line begins */
  #take(start: number): number {
    const bytes = this.#bytes;
    const from = this.#length;
    const closing = startsWith(bytes, start, HEAD) ? this.#unescape(start + HEAD.length) : -1;
    if (closing !== -1 && startsWith(bytes, closing, STREAM)) {
      const letter = closing + STREAM.length;
      const newline = bytes.indexOf(NEWLINE, letter);
      this.#add(bytes[letter] === 111 ? 1 : 2, from, letter + 4, newline);
      return newline + 1;
    }
    this.#length = from;
    const newline = bytes.indexOf(NEWLINE, start);
    this.#parse(bytes.toString('utf8', start, newline));
    return newline + 1;
  }

  #add(stream: 1 | 2, from: number, rest: number, newline: number): void {
    if (!this.#exact) {
      if (this.#joined?.stream === stream) return;
      this.#endJoined(from);
      this.#joined = { stream, from };
      return;
    }
    const text = this.#bytes.toString('latin1', rest, newline);
    const time = text.lastIndexOf(TIME);
    const attributes = time > 0 ? this.#bytes.toString('utf8', rest + ',"attrs":'.length, rest + time) : undefined;
    this.#records.push({ stream, timeNs: parseLogTime(text.slice(time + TIME.length, -TAIL_BYTES)), data: this.#text.subarray(from, this.#length), attributes });
  }

  #endJoined(to = this.#length): void {
    if (this.#joined && to > this.#joined.from) this.#records.push({ stream: this.#joined.stream, timeNs: 0n, data: this.#text.subarray(this.#joined.from, to) });
    this.#joined = undefined;
  }

  /** @returns where the closing quote stands; -1 when there is an escape that only a parser knows */
  #unescape(start: number): number {
    const [bytes, text] = [this.#bytes, this.#text];
    let length = this.#length;
    let at = start;
    for (;;) {
      const byte = bytes[at];
      if (byte === QUOTE) break;
      if (byte === undefined || byte === NEWLINE) return -1;
      if (byte !== BACKSLASH) {
        text[length++] = byte;
        at += 1;
        continue;
      }
      const kind = bytes[at + 1] ?? 0;
      if (kind !== LETTER_U) {
        const meant = SIMPLE.get(kind);
        if (meant === undefined) return -1;
        text[length++] = meant;
        at += 2;
        continue;
      }
      const code = Number.parseInt(bytes.toString('latin1', at + 2, at + 6), 16);
      // Not a number, or half of a pair.
      if (!(code < 0xd800 || code > 0xdfff)) return -1;
      length += text.write(String.fromCharCode(code), length, 'utf8');
      at += 6;
    }
    this.#length = length;
    return at;
  }

  /** Whatever else may be in the file. */
  #parse(line: string): void {
    let parsed: unknown;
    try {
      parsed = JSON.parse(line);
    } catch {
      return;
    }
    if (typeof parsed !== 'object' || parsed === null) return;
    const fields = new Map<string, unknown>(Object.entries(parsed));
    const [log, stream, time, attributes] = [fields.get('log'), fields.get('stream'), fields.get('time'), fields.get('attrs')];
    if (typeof log !== 'string') return;
    this.#endJoined();
    this.#records.push({
      stream: stream === 'stderr' ? 2 : 1, timeNs: typeof time === 'string' ? parseLogTime(time) : 0n, data: Buffer.from(log),
      ...(typeof attributes === 'object' && attributes !== null ? { attributes: JSON.stringify(attributes) } : {}),
    });
  }
}

function startsWith(bytes: Buffer, at: number, word: Buffer): boolean {
  for (let index = 0; index < word.length; index += 1) if (bytes[at + index] !== word[index]) return false;
  return true;
}
