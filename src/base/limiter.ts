/** Bounded concurrency: at most `limit` works run at once, the others wait in order of arrival. */
export class Limiter {
  #limit: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param limit at least 1 */
  constructor(limit: number) {
    this.#limit = Math.max(1, Math.trunc(limit));
  }

  /** What runs goes on; what waits begins as soon as there is room. */
  resize(limit: number): void {
    this.#limit = Math.max(1, Math.trunc(limit));
    while (this.#running < this.#limit && this.#waiting.length > 0) {
      this.#running += 1;
      this.#waiting.shift()?.();
    }
  }

  /**
   * Runs `work` when there is room. `onWait` is called once if it has to wait.
   * An abort while waiting gives the place up and rejects with the signal's reason; a work that has begun is its own to end.
   */
  async run<T>(work: () => Promise<T>, options: { signal?: AbortSignal | undefined; onWait?: () => void } = {}): Promise<T> {
    options.signal?.throwIfAborted();
    if (this.#running >= this.#limit) {
      options.onWait?.();
      await this.#turn(options.signal);
    } else {
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      // The place goes to the next in line without becoming free in between, so nobody can overtake.
      const next = this.#running > this.#limit ? undefined : this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(enter), 1);
      reject(signal?.reason as Error);
    };
    const enter = (): void => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#waiting.push(enter);
    return promise;
  }
}
