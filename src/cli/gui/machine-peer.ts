import { watch, type FSWatcher } from 'node:fs';
import type { MachineStatus } from '../../api/machine.ts';
import { messageOf, NotFoundError, UnavailableError } from '../../api/errors.ts';
import { MachineClient } from '../../machine/client.ts';
import { machineStatus, pathsFor, stopMachine } from '../../machine/machine-life.ts';
import { startMachine } from '../../machine/start-machine.ts';

/** What the interface asks of a machine whether its agent runs or not. The rest goes to the agent's own socket. */
export class MachinePeer {
  readonly #name: string;
  #starting: Promise<unknown> | undefined;
  #startFailure: string | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  get controlSocket(): string {
    return pathsFor({ name: this.#name }).controlSocket;
  }

  async status(): Promise<MachineStatus> {
    try {
      return await machineStatus({ name: this.#name });
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      // It is made at its first start.
      return {
        name: this.#name, state: this.#startFailure === undefined ? 'stopped' : 'error', driver: 'qemu', warnings: [], phases: [], cpus: 0, memoryMiB: 0, diskGiB: 0,
        ...(this.#startFailure === undefined ? {} : { failure: { phase: 'probe', message: this.#startFailure, consoleTail: [] } }),
      };
    }
  }

  /** The status now and after every change, over stops and starts, until `signal` aborts. */
  async *watch(signal: AbortSignal): AsyncGenerator<MachineStatus> {
    let last = '';
    for (;;) {
      using comeback = new Comeback(this.controlSocket, signal);
      try {
        for await (const status of new MachineClient(this.controlSocket).watch(signal)) {
          last = JSON.stringify(status);
          yield status;
        }
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error;
      }
      if (signal.aborted) return;
      const status = await this.status();
      if (JSON.stringify(status) !== last) yield status;
      last = JSON.stringify(status);
      await comeback.seen;
      if (signal.aborted) return;
    }
  }

  /** Begins a start; how it goes is seen in the status. */
  start(): void {
    this.#startFailure = undefined;
    this.#starting ??= startMachine({ name: this.#name }).catch((error: unknown) => { this.#startFailure = messageOf(error); }).finally(() => { this.#starting = undefined; });
  }

  async stop(force: boolean): Promise<void> {
    await stopMachine({ name: this.#name }, { force });
  }
}

const LOOK_AGAIN_MS = 2000;

/** Resolves when the agent's socket appears, or when it is worth looking again (file watching is not to be trusted alone). */
class Comeback implements Disposable {
  readonly seen: Promise<void>;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: string, signal: AbortSignal) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.seen = promise.then(() => undefined);
    const done = (): void => { resolve(undefined); };
    signal.addEventListener('abort', done, { once: true });
    try {
      const separator = Math.max(socket.lastIndexOf('/'), 0);
      this.#watcher = watch(socket.slice(0, separator), (_, name) => { if (name === socket.slice(separator + 1)) done(); });
      this.#watcher.on('error', () => undefined);
    } catch {
      // The machine has no directory yet.
    }
    this.#timer = setTimeout(done, LOOK_AGAIN_MS);
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    clearTimeout(this.#timer);
  }
}
