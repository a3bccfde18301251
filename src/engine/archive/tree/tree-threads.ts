import { Worker } from 'node:worker_threads';
import { errorFromStatus, InternalError, InvalidArgumentError, NotFoundError, PermissionDeniedError, UnavailableError } from '../../../api/errors.ts';
import type { TreeReport, TreeRequest, TreeResult } from './tree-work.ts';

interface Failure {
  message: string;
  /** Of an error of api/errors.ts. */
  status?: number;
  /** Of an error of the file system. */
  code?: string;
}

interface Answer { report?: TreeReport; result?: TreeResult; failure?: Failure }

const IDLE_MS = 10_000;

/**
 * Threads that walk trees, so that a slow or hanging file system holds up nobody else. Every request has a thread to itself, an idle one or a
 * new one: a client that does not read must not keep another waiting. One that has nothing to do for a while ends.
 */
export class TreeThreads implements AsyncDisposable {
  readonly #idle = new Map<Worker, NodeJS.Timeout>();
  readonly #busy = new Set<Worker>();

  /**
   * Carries a request out. To end one early, close the other end of its pipe.
   * @param onReport hears that the request can be met, before bytes move
   * @throws errors of api/errors.ts
   */
  run(request: TreeRequest, onReport: (report: TreeReport) => void = () => undefined): Promise<TreeResult> {
    // Its descriptors come from the kernel directly: Node's own account of them would be wrong.
    const worker = this.#takeIdle() ?? new Worker(workerUrl(), { trackUnmanagedFds: false });
    this.#busy.add(worker);
    const { promise, resolve, reject } = Promise.withResolvers<TreeResult>();
    const done = (reusable: boolean): void => {
      for (const event of ['message', 'error', 'exit'] as const) worker.removeAllListeners(event);
      this.#busy.delete(worker);
      if (reusable) this.#rest(worker);
    };
    worker.on('message', ({ report, result, failure }: Answer) => {
      if (report) { onReport(report); return; }
      done(true);
      if (result) resolve(result);
      else reject(toError(failure ?? { message: 'no answer' }));
    });
    worker.on('error', (cause) => { done(false); reject(new InternalError('reading or writing files failed: the thread broke down', { cause })); });
    worker.on('exit', () => { done(false); reject(new UnavailableError('reading or writing files was broken off: the engine is being stopped')); });
    worker.postMessage(request);
    return promise;
  }

  #takeIdle(): Worker | undefined {
    const next = this.#idle.entries().next();
    if (next.done === true) return undefined;
    const [worker, timer] = next.value;
    clearTimeout(timer);
    this.#idle.delete(worker);
    for (const event of ['error', 'exit'] as const) worker.removeAllListeners(event);
    worker.ref();
    return worker;
  }

  #rest(worker: Worker): void {
    worker.unref();
    worker.on('exit', () => { this.#idle.delete(worker); });
    worker.on('error', () => { this.#idle.delete(worker); });
    const timer = setTimeout(() => { this.#idle.delete(worker); void worker.terminate(); }, IDLE_MS);
    timer.unref();
    this.#idle.set(worker, timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#idle.values()) clearTimeout(timer);
    const workers = [...this.#idle.keys()];
    this.#idle.clear();
    // One that is stuck in a system call cannot be waited for: it ends with the process.
    for (const worker of this.#busy) { worker.unref(); void worker.terminate(); }
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Beside this file in the sources; beside the engine when bundled, whose shared code may lie a folder deeper. */
function workerUrl(): URL {
  const here = import.meta.url;
  if (here.endsWith('.ts')) return new URL('./tree-worker.ts', here);
  return new URL(here.includes('/chunks/') ? '../tree-worker.mjs' : './tree-worker.mjs', here);
}

const CLIENTS_FAULT: ReadonlySet<string> = new Set(['ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'EXDEV', 'EINVAL', 'ENOTEMPTY', 'EEXIST', 'EFBIG', 'EPERM', 'EACCES', 'EBUSY', 'ETXTBSY']);

/** Errors lose their class between threads. */
function toError({ message, status, code }: Failure): Error {
  if (status !== undefined) return errorFromStatus(status, message);
  if (code === 'ENOENT') return new NotFoundError(message);
  if (code === 'EROFS') return new PermissionDeniedError(message);
  if (code === 'ENOSPC' || code === 'EDQUOT') return new UnavailableError(`no room on the disk: ${message}`);
  if (code !== undefined && CLIENTS_FAULT.has(code)) return new InvalidArgumentError(message);
  return new InternalError(`reading or writing files failed: ${message}`);
}
