import type { Worker } from 'node:worker_threads';

const IDLE_MS = 10_000;

/** Worker threads that have nothing to do: kept for a while, since starting one costs tens of milliseconds, then ended, since each costs memory. */
export class IdleWorkers implements AsyncDisposable {
  readonly #timers = new Map<Worker, NodeJS.Timeout>();
  readonly #onEnded: () => void;

  /** @param onEnded called when one has ended because nobody needed it */
  constructor(onEnded: () => void = () => undefined) {
    this.#onEnded = onEnded;
  }

  /** One that rested, with no listener of ours left on it. It holds the process open again. */
  take(): Worker | undefined {
    const next = this.#timers.entries().next();
    if (next.done === true) return undefined;
    const [worker, timer] = next.value;
    clearTimeout(timer);
    this.#timers.delete(worker);
    forgetWorker(worker);
    worker.ref();
    return worker;
  }

  /** The caller has taken its listeners off. */
  rest(worker: Worker): void {
    worker.unref();
    worker.on('exit', () => { this.#timers.delete(worker); });
    worker.on('error', () => { this.#timers.delete(worker); });
    const timer = setTimeout(() => {
      this.#timers.delete(worker);
      void worker.terminate().then(this.#onEnded);
    }, IDLE_MS);
    timer.unref();
    this.#timers.set(worker, timer);
  }

  /** Ends those that rest. */
  async [Symbol.asyncDispose](): Promise<void> {
    const workers = [...this.#timers.keys()];
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** By name: taking off everything would take Node's own bookkeeping along, and no message would come any more. */
export function forgetWorker(worker: Worker): void {
  for (const event of ['message', 'error', 'exit'] as const) worker.removeAllListeners(event);
}

/**
 * The program of a thread: beside its caller in the sources; beside the engine when bundled, whose shared code may lie a folder deeper.
 * @param here the caller's `import.meta.url`
 * @param name without its ending
 */
export function workerUrl(here: string, name: string): URL {
  if (here.endsWith('.ts')) return new URL(`./${name}.ts`, here);
  return new URL(`${here.includes('/chunks/') ? '..' : '.'}/${name}.mjs`, here);
}
