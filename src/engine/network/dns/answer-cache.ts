import type { UpstreamAnswer } from './upstream-exchange.ts';

/** Nothing is kept longer, whatever a server says: names move. */
const LONGEST_SECONDS = 60;
const MOST_ANSWERS = 500;
const LARGEST_BYTES = 4096;

interface Kept {
  bytes: Buffer;
  ttlsAt: readonly number[];
  /** Of `performance.now()`. */
  sinceMs: number;
  untilMs: number;
}

/** Answers of other servers, as long as they allow. The oldest give way. */
export class AnswerCache {
  readonly #answers = new Map<string, Kept>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  put(key: string, { bytes, answer }: UpstreamAnswer): void {
    const seconds = Math.min(answer.keepSeconds, LONGEST_SECONDS);
    if (seconds <= 0 || bytes.length > LARGEST_BYTES) return;
    this.#answers.delete(key);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size >= MOST_ANSWERS && oldest !== undefined) this.#answers.delete(oldest);
    const sinceMs = this.#now();
    this.#answers.set(key, { bytes, ttlsAt: answer.ttlsAt, sinceMs, untilMs: sinceMs + seconds * 1000 });
  }

  /** A copy, its times to live shorter by its age. */
  get(key: string): Buffer | undefined {
    const kept = this.#answers.get(key);
    if (!kept) return undefined;
    const now = this.#now();
    if (now >= kept.untilMs) {
      this.#answers.delete(key);
      return undefined;
    }
    const bytes = Buffer.from(kept.bytes);
    const age = Math.floor((now - kept.sinceMs) / 1000);
    for (const at of kept.ttlsAt) bytes.writeUInt32BE(Math.max(0, bytes.readUInt32BE(at) - age), at);
    return bytes;
  }
}
