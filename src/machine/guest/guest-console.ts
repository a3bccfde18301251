import { printable } from './guest-report.ts';
import { LineSplitter } from './line-splitter.ts';
import { RotatingFile } from '../rotating-file.ts';

const KEPT_LINES = 400;
const LINE_LIMIT = 2000;
const LOG_LIMIT_BYTES = 4 * 1024 * 1024;

/** What a guest prints: the last lines in memory for people, everything in a bounded file. */
export class GuestConsole {
  readonly #lines: string[] = [];
  readonly #splitter = new LineSplitter({ limit: LINE_LIMIT, onLine: (line) => { this.#keep(line); } });
  readonly #file: RotatingFile | undefined;

  /** Each console begins a new file; the former run's is `<file>.1`. */
  constructor(logFile?: string) {
    this.#file = logFile === undefined ? undefined : new RotatingFile(logFile, LOG_LIMIT_BYTES);
    this.#file?.rotate();
  }

  push(chunk: Uint8Array): void {
    this.#file?.write(chunk);
    this.#splitter.push(chunk);
  }

  close(): void {
    this.#splitter.end();
    this.#file?.close();
  }

  /** The last `count` lines, oldest first, safe for a terminal. */
  tail(count: number): string[] {
    return count <= 0 ? [] : this.#lines.slice(-count);
  }

  #keep(line: string): void {
    const text = printable(line);
    if (text === '') return;
    this.#lines.push(text);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
  }
}
