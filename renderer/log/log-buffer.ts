import { parseLine, PLAIN, type Style } from './sgr.ts';

export interface LogLine {
  /** 1 stdout, 2 stderr. */
  stream: 1 | 2;
  /** RFC 3339 with nanoseconds; empty where the engine gave none. */
  at: string;
  text: string;
  /** Style that the line begins with. */
  from: Style;
}

/** Lines that are kept at most, and how many go at once when there are more: seldom and many is cheaper than often and one. */
export const KEPT_LINES = 200_000;
const DROP_BLOCK = 20_000;

/** The lines of one log. Not reactive: whoever shows it is told when to look again. */
export class LogBuffer {
  #lines: LogLine[] = [];
  #dropped = 0;
  #longest = 0;
  readonly #styles: Record<1 | 2, Style> = { 1: PLAIN, 2: PLAIN };

  get length(): number {
    return this.#lines.length;
  }

  /** Lines that were let go since the beginning. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Characters in the longest line so far. */
  get longest(): number {
    return this.#longest;
  }

  get last(): LogLine | undefined {
    return this.#lines.at(-1);
  }

  append(stream: 1 | 2, at: string, text: string): void {
    const from = this.#styles[stream];
    if (text.includes('\u001b')) this.#styles[stream] = parseLine(text, from).end;
    this.#lines.push({ stream, at, text, from });
    if (text.length > this.#longest) this.#longest = text.length;
    if (this.#lines.length > KEPT_LINES) {
      this.#lines = this.#lines.slice(DROP_BLOCK);
      this.#dropped += DROP_BLOCK;
    }
  }

  slice(start: number, end: number): LogLine[] {
    return this.#lines.slice(start, end);
  }

  clear(): void {
    this.#lines = [];
    this.#dropped = 0;
    this.#longest = 0;
    this.#styles[1] = PLAIN;
    this.#styles[2] = PLAIN;
  }
}
