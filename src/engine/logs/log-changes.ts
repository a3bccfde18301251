import { watch } from 'node:fs';
import { dirname } from 'node:path';

/** Tells when there may be more to read: the directory has changed, or the process has ended. */
export class LogChanges {
  ended = false;
  #pending = true;
  #wake: (() => void) | undefined;
  readonly #watcher;
  readonly #signal: AbortSignal;
  readonly #poke = (): void => {
    this.#pending = true;
    this.#wake?.();
  };

  constructor(path: string, ended: Promise<unknown>, signal: AbortSignal) {
    this.#watcher = watch(dirname(path), { persistent: false }, this.#poke);
    this.#watcher.on('error', this.#poke);
    this.#signal = signal;
    signal.addEventListener('abort', this.#poke);
    const end = (): void => {
      this.ended = true;
      this.#poke();
    };
    void ended.then(end, end);
  }

  /** Resolves when something has happened since the last call. */
  async next(): Promise<void> {
    if (!this.#pending) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#wake = () => { resolve(undefined); };
      await promise;
      this.#wake = undefined;
    }
    this.#pending = false;
  }

  close(): void {
    this.#watcher.close();
    this.#signal.removeEventListener('abort', this.#poke);
  }
}
