import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { InternalError, InvalidArgumentError, UnavailableError } from '../../../api/errors.ts';
import { forgetWorker, IdleWorkers, workerUrl } from '../../../base/idle-workers.ts';
import { giveBackFreeMemory } from '../../linux/free-memory.ts';
import type { UnpackRequest, UnpackResult } from './unpack-layer.ts';

/** What unpacks a layer, wherever it does it. */
export interface Unpacker extends AsyncDisposable {
  /**
   * @throws InvalidArgumentError for a layer that is none, UnavailableError when the disk is full, the signal's reason when it aborts.
   * The directory then holds a part of the layer, and nobody writes to it any more.
   */
  unpack(request: UnpackRequest, options?: UnpackOptions): Promise<UnpackResult>;
}

export interface UnpackOptions {
  signal?: AbortSignal | undefined;
  /** How many bytes of the blob have been taken. */
  onProgress?: ((bytes: number) => void) | undefined;
}

interface Job {
  request: UnpackRequest;
  options: UnpackOptions;
  resolve: (result: UnpackResult) => void;
  reject: (error: unknown) => void;
}

type Answer = { read: number; result?: undefined; failure?: undefined } | { read?: undefined; result: UnpackResult; failure?: undefined } | { read?: undefined; result?: undefined; failure: { name: string; message: string; code?: string } };

const MOST_THREADS = 4;

/** Unpacks in worker threads, as many as there are processors; one that has nothing to do for a while ends, and its memory is given back. */
export class UnpackPool implements Unpacker {
  readonly #limit = Math.min(availableParallelism(), MOST_THREADS);
  readonly #waiting: Job[] = [];
  readonly #idle = new IdleWorkers(giveBackFreeMemory);
  readonly #busy = new Set<Worker>();

  unpack(request: UnpackRequest, options: UnpackOptions = {}): Promise<UnpackResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, options, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#busy.size >= this.#limit) return;
    const job = this.#waiting.shift();
    if (!job) return;
    if (job.options.signal?.aborted === true) {
      job.reject(job.options.signal.reason);
      this.#next();
      return;
    }
    this.#run(job, this.#idle.take() ?? new Worker(workerUrl(import.meta.url, 'unpack-worker')));
  }

  #run(job: Job, worker: Worker): void {
    this.#busy.add(worker);
    const { signal, onProgress } = job.options;
    let aborted = false;
    const done = (settle: () => void, reusable: boolean): void => {
      forgetWorker(worker);
      signal?.removeEventListener('abort', abort);
      this.#busy.delete(worker);
      if (reusable) this.#idle.rest(worker);
      settle();
      this.#next();
    };
    // Ending the thread is what stops its writing at once.
    const abort = (): void => { aborted = true; void worker.terminate(); };
    worker.on('message', (answer: Answer) => {
      if (answer.read !== undefined) onProgress?.(answer.read);
      else done(() => { if (answer.result) job.resolve(answer.result); else job.reject(toError(answer.failure)); }, !aborted);
    });
    worker.on('error', (cause) => { done(() => { job.reject(new InternalError('unpacking a layer failed: the thread broke down', { cause })); }, false); });
    worker.on('exit', () => { done(() => { job.reject(aborted ? signal?.reason : new InternalError('unpacking a layer failed: the thread ended')); }, false); });
    signal?.addEventListener('abort', abort);
    worker.postMessage(job.request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const job of this.#waiting.splice(0)) job.reject(new UnavailableError('the engine is being stopped'));
    await Promise.all([this.#idle[Symbol.asyncDispose](), ...[...this.#busy].map((worker) => worker.terminate())]);
  }
}

/** What the kernel, or Node before it, refuses because of what a layer asks for. */
const OF_THE_LAYER: ReadonlySet<string> = new Set(['ENAMETOOLONG', 'ELOOP', 'ENOTDIR', 'EISDIR', 'EFBIG', 'EINVAL', 'E2BIG', 'ERANGE', 'ERR_OUT_OF_RANGE']);

/** Errors lose their class between threads. */
function toError({ name, message, code }: { name: string; message: string; code?: string }): Error {
  if (name === 'InvalidArgumentError') return new InvalidArgumentError(message);
  if (code === 'ENOSPC' || code === 'EDQUOT') return new UnavailableError(`no room on the disk: ${message}`);
  if (code !== undefined && OF_THE_LAYER.has(code)) return new InvalidArgumentError(`invalid layer: ${message}`);
  return new InternalError(`unpacking a layer failed: ${message}`);
}
