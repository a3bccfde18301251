import { Worker } from 'node:worker_threads';
import { InternalError } from '../../../api/errors.ts';
import { workerUrl } from '../../../base/idle-workers.ts';
import type { Logger } from '../../../base/log.ts';
import type { NameClient } from './name-table.ts';

/** A container, and the file that holds its network namespace. */
export interface NamespaceClient extends NameClient {
  namespace: string;
}

/** To the thread: what is to be known of a container; nothing: it has gone. */
export interface NamesRequest {
  number: number;
  id: string;
  client?: NamespaceClient;
}

/** Starting a thread costs tens of milliseconds, keeping one costs memory. */
const IDLE_MS = 30_000;
const REPLACE_AFTER_MS = 1000;

interface Pending {
  resolve: () => void;
  reject: (error: Error) => void;
}

/**
 * Name servers at 127.0.0.11 in the namespaces of containers, all in one thread, so that neither questions hold up the engine nor the
 * engine questions. The thread is started for the first container and ends some time after the last.
 */
export class NameService implements AsyncDisposable {
  readonly #log: Logger;
  readonly #clients = new Map<string, NamespaceClient>();
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #number = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Begins to serve a container, or takes over what has changed. Resolves when questions are answered. @throws InternalError */
  async put(id: string, client: NamespaceClient): Promise<void> {
    if (this.#clients.size === 0) clearTimeout(this.#timer);
    const isNew = !this.#clients.has(id);
    this.#clients.set(id, client);
    try {
      await this.#tell({ id, client });
    } catch (error) {
      if (isNew) this.#clients.delete(id);
      throw error;
    }
  }

  /** Ends a container's service. Idempotent. */
  async delete(id: string): Promise<void> {
    if (!this.#clients.delete(id)) return;
    await this.#tell({ id });
    if (this.#clients.size === 0) this.#later(IDLE_MS, () => { void this.#end(); });
  }

  #later(ms: number, work: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(work, ms).unref();
  }

  #tell(request: Omit<NamesRequest, 'number'>): Promise<void> {
    const worker = this.#worker ?? this.#start();
    const number = this.#number += 1;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#pending.set(number, { resolve, reject });
    worker.postMessage({ ...request, number } satisfies NamesRequest);
    return promise;
  }

  #start(): Worker {
    // Its sockets come from the kernel directly: Node's own account of descriptors would be wrong.
    const worker = new Worker(workerUrl(import.meta.url, 'names-worker'), { trackUnmanagedFds: false, resourceLimits: { maxYoungGenerationSizeMb: 8 } });
    this.#worker = worker;
    worker.unref();
    worker.on('message', ({ done, failure }: { done: number; failure?: string }) => {
      const pending = this.#pending.get(done);
      this.#pending.delete(done);
      if (failure === undefined) pending?.resolve();
      else pending?.reject(new InternalError(`names cannot be resolved in the container: ${failure}`));
    });
    worker.on('error', (error) => { this.#log.error('the thread that resolves names broke down', { error }); });
    worker.on('exit', () => { if (this.#worker === worker) this.#replace(); });
    return worker;
  }

  /** After a break-down: a new thread that is told everything again. */
  #replace(): void {
    this.#worker = undefined;
    for (const { reject } of this.#pending.values()) reject(new InternalError('names cannot be resolved in the container: the thread broke down'));
    this.#pending.clear();
    this.#later(REPLACE_AFTER_MS, () => {
      for (const [id, client] of this.#clients) {
        this.#tell({ id, client }).catch((error: unknown) => { this.#log.warn('names cannot be resolved in a container', { id, error }); });
      }
    });
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#clients.clear();
    await this.#end();
  }
}
