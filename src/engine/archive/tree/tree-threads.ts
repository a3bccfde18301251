import { Worker } from 'node:worker_threads';
import { errorFromStatus, InternalError, InvalidArgumentError, NotFoundError, PermissionDeniedError, UnavailableError } from '../../../api/errors.ts';
import { forgetWorker, IdleWorkers, workerUrl } from '../../../base/idle-workers.ts';
import type { TreeReport, TreeRequest, TreeResult } from './tree-work.ts';

interface Failure {
  message: string;
  /** Of an error of api/errors.ts. */
  status?: number;
  /** Of an error of the file system. */
  code?: string;
}

interface Answer { report?: TreeReport; result?: TreeResult; failure?: Failure }

/**
 * Threads that walk trees, so that a slow or hanging file system holds up nobody else. Every request has a thread to itself, an idle one or a
 * new one: a client that does not read must not keep another waiting. One that has nothing to do for a while ends.
 */
export class TreeThreads implements AsyncDisposable {
  readonly #idle = new IdleWorkers();
  readonly #busy = new Set<Worker>();

  /**
   * Carries a request out. To end one early, close the other end of its pipe.
   * @param onReport hears that the request can be met, before bytes move
   * @throws errors of api/errors.ts
   */
  run(request: TreeRequest, onReport: (report: TreeReport) => void = () => undefined): Promise<TreeResult> {
    // Its descriptors come from the kernel directly: Node's own account of them would be wrong.
    const worker = this.#idle.take() ?? new Worker(workerUrl(import.meta.url, 'tree-worker'), { trackUnmanagedFds: false });
    this.#busy.add(worker);
    const { promise, resolve, reject } = Promise.withResolvers<TreeResult>();
    const done = (reusable: boolean): void => {
      forgetWorker(worker);
      this.#busy.delete(worker);
      if (reusable) this.#idle.rest(worker);
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

  async [Symbol.asyncDispose](): Promise<void> {
    // One that is stuck in a system call cannot be waited for: it ends with the process.
    for (const worker of this.#busy) { worker.unref(); void worker.terminate(); }
    await this.#idle[Symbol.asyncDispose]();
  }
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
