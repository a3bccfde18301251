interface Listener<P> {
  onProgress: (progress: P) => void;
}

interface Work<P, T> {
  result: Promise<T>;
  abort: AbortController;
  listeners: Set<Listener<P>>;
  last: P | undefined;
}

/**
 * Work that several may want at once, done once: all of them hear its progress and get its result. One who leaves (by aborting) stops
 * nobody else; when all have left, the work is aborted, and the last one waits until it has cleaned up.
 */
export class SharedWork<P, T> {
  readonly #works = new Map<string, Work<P, T>>();

  /**
   * Starts the work for `key`, or joins it. `joined` tells which: a failure of somebody else's work says nothing about one's own
   * (other credentials, another registry), so who has joined may try again.
   */
  run(key: string, start: (report: (progress: P) => void, signal: AbortSignal) => Promise<T>, options: Listener<P> & { signal?: AbortSignal | undefined }): { joined: boolean; result: Promise<T> } {
    const running = this.#works.get(key);
    const work = running ?? this.#start(key, start);
    const listener: Listener<P> = { onProgress: options.onProgress };
    work.listeners.add(listener);
    if (running?.last !== undefined) options.onProgress(running.last);
    return { joined: running !== undefined, result: this.#wait(key, work, listener, options.signal) };
  }

  #start(key: string, start: (report: (progress: P) => void, signal: AbortSignal) => Promise<T>): Work<P, T> {
    const abort = new AbortController();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const work: Work<P, T> = { result: promise, abort, listeners: new Set(), last: undefined };
    promise.catch(() => undefined);
    this.#works.set(key, work);
    const report = (progress: P): void => {
      work.last = progress;
      for (const listener of work.listeners) listener.onProgress(progress);
    };
    const end = (): void => { if (this.#works.get(key) === work) this.#works.delete(key); };
    // Begun in the next turn, so that the one who starts it hears its first word too.
    queueMicrotask(() => { start(report, abort.signal).finally(end).then(resolve, reject); });
    return work;
  }

  async #wait(key: string, work: Work<P, T>, listener: Listener<P>, signal: AbortSignal | undefined): Promise<T> {
    const left = Promise.withResolvers<never>();
    const onAbort = (): void => { left.reject(signal?.reason as Error); };
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([work.result, left.promise]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      work.listeners.delete(listener);
      if (work.listeners.size === 0) {
        // Whoever comes from now on starts anew: this one may be on its way out.
        if (this.#works.get(key) === work) this.#works.delete(key);
        work.abort.abort(signal?.reason);
        await work.result.catch(() => undefined);
      }
    }
  }
}
