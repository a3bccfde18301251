import { watch } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { InternalError, messageOf, NotFoundError } from '../api/errors.ts';
import type { MachineStatus } from '../api/machine.ts';
import type { Logger } from '../base/log.ts';
import { MachineClient } from './client.ts';
import { defaultConfig } from './machine-config.ts';
import { pathsFor, savedStatus, type MachineRef } from './machine-life.ts';
import type { MachinePaths } from './machine-paths.ts';

/** Where file-change events are not to be had, a new agent is noticed after this long. */
const LOOK_AGAIN_MS = 3000;

/** The status of a machine over all its lives: from its agent while one runs, otherwise from what the last one has left. */
export class MachineWatch {
  readonly #paths: MachinePaths;
  readonly #log: Logger;
  readonly #listeners = new Set<(status: MachineStatus) => void>();
  readonly #lifetime = new AbortController();
  #latest: MachineStatus;
  readonly #looked = Promise.withResolvers<undefined>();
  #lookNow: () => void = () => undefined;

  constructor(ref: MachineRef, log: Logger) {
    this.#paths = pathsFor(ref);
    this.#log = log;
    this.#latest = neverStarted(this.#paths.name);
  }

  get latest(): MachineStatus {
    return this.#latest;
  }

  /** Resolves once the machine has been looked at; what is told before is what a machine is that was never started. */
  get ready(): Promise<unknown> {
    return this.#looked.promise;
  }

  /** Hears of the status now and of each change. Returns what ends it. */
  subscribe(listener: (status: MachineStatus) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#latest);
    return () => { this.#listeners.delete(listener); };
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    const client = new MachineClient(this.#paths.controlSocket);
    while (!this.#ended()) {
      try {
        for await (const status of client.watch(this.#lifetime.signal)) this.#tell(status);
      } catch (error) {
        this.#log.debug('no agent', { error });
      }
      if (this.#ended()) return;
      this.#tell(await this.#withoutAgent());
      await this.#agentMayBeThere();
    }
  }

  #ended(): boolean {
    return this.#lifetime.signal.aborted;
  }

  /** An agent is being started: do not wait for a sign of it. */
  lookNow(): void {
    this.#lookNow();
  }

  stop(): void {
    this.#lifetime.abort();
    this.#looked.resolve(undefined);
    this.#lookNow();
  }

  async #withoutAgent(): Promise<MachineStatus> {
    try {
      return await savedStatus(this.#paths);
    } catch (error) {
      if (error instanceof NotFoundError) return neverStarted(this.#paths.name);
      const failure = { phase: 'probe' as const, message: messageOf(error), consoleTail: [] };
      if (!(error instanceof InternalError)) this.#log.warn('machine cannot be read', { error });
      return { ...neverStarted(this.#paths.name), state: 'error', failure };
    }
  }

  /** Resolves when the machine's directory has changed, when it is told to look, or after a while. */
  async #agentMayBeThere(): Promise<void> {
    const done = new AbortController();
    const told = new Promise<void>((resolve) => { this.#lookNow = resolve; });
    const changed = new Promise<void>((resolve) => {
      try {
        const watcher = watch(this.#paths.directory, { signal: done.signal }, (_kind, file) => { if (file === null || file === 'control.sock') resolve(); });
        watcher.on('error', () => undefined);
      } catch {
        // No events for this directory: the clock below does.
      }
    });
    await Promise.race([told, changed, sleep(LOOK_AGAIN_MS, undefined, { signal: done.signal }).catch(() => undefined)]);
    done.abort();
  }

  #tell(status: MachineStatus): void {
    this.#looked.resolve(undefined);
    if (JSON.stringify(status) === JSON.stringify(this.#latest)) return;
    this.#latest = status;
    for (const listener of this.#listeners) listener(status);
  }
}

function neverStarted(name: string): MachineStatus {
  const { driver, cpus, memoryMiB, diskGiB } = defaultConfig();
  return { name, state: 'stopped', driver: driver === 'auto' ? 'qemu' : driver, warnings: [], phases: [], cpus, memoryMiB, diskGiB };
}
