import type { Duplex } from 'node:stream';
import type { Logger } from '../../base/log.ts';
import { parseGuestReport, type GuestCommand, type GuestReport } from './guest-report.ts';
import { LineSplitter } from './line-splitter.ts';

const LINE_LIMIT = 8 * 1024;
/** A guest that talks more than this is made to wait: talking must not cost the host a processor. */
const LINES_PER_SECOND = 200;
const LOGGED_GARBAGE = 5;

/** The agent's end of the guest's `org.strata.control` port: JSON lines both ways. Owns the stream. */
export class GuestControlPort {
  readonly #stream: Duplex;
  readonly #onReport: (report: GuestReport) => void;
  readonly #log: Logger;
  #garbage = 0;
  #lines = 0;
  #windowStartedAt = performance.now();

  constructor(options: { stream: Duplex; onReport: (report: GuestReport) => void; log: Logger }) {
    this.#stream = options.stream;
    this.#onReport = options.onReport;
    this.#log = options.log;
    const splitter = new LineSplitter({ limit: LINE_LIMIT, onLine: (line) => { this.#onLine(line); } });
    this.#stream.on('data', (chunk: Buffer) => {
      splitter.push(chunk);
      this.#throttle();
    });
    this.#stream.on('error', (error: Error) => { this.#log.debug('control port failed', { error }); });
  }

  /** Never waits and never fails: a guest that does not listen is found out by what it does not do. */
  send(command: GuestCommand): void {
    if (this.#stream.writable) this.#stream.write(`${JSON.stringify(command)}\n`);
  }

  #onLine(line: string): void {
    this.#lines += 1;
    const report = parseGuestReport(line);
    if (report !== undefined) {
      this.#onReport(report);
      return;
    }
    this.#garbage += 1;
    if (this.#garbage <= LOGGED_GARBAGE) this.#log.warn('guest said something unknown', { line: line.slice(0, 200) });
  }

  #throttle(): void {
    const now = performance.now();
    if (now - this.#windowStartedAt > 1000) {
      this.#windowStartedAt = now;
      this.#lines = 0;
    }
    if (this.#lines <= LINES_PER_SECOND) return;
    this.#lines = 0;
    this.#stream.pause();
    setTimeout(() => { this.#stream.resume(); }, 1000).unref();
  }
}
