import type { RunningProcess, ProcessStreams } from '../runtime/runtime.ts';
import type { ContainerRecord } from './container-record.ts';
import type { ContainerPaths } from './container-paths.ts';
import { isRunning } from './state.ts';

export interface ContainerExit {
  exitCode: number;
}

/** Connects a client that came before the start; called with the streams when they exist. */
export type EarlyClient = (streams: ProcessStreams) => Promise<void>;

/**
 * A container while the engine lives: its record, and what is only in memory. Changes of the record go through `ContainerRegistry`,
 * which saves them; work on one container is serialised by the registry's lock.
 */
export class Container {
  readonly paths: ContainerPaths;
  record: ContainerRecord;
  process: RunningProcess | undefined;
  /** Clients that attached before the start, in order. */
  readonly earlyClients = new Set<{ connect: EarlyClient; abandon: () => void }>();
  /** Where its root file system is mounted for those who read and write its files, besides where it runs. */
  readonly views = new Set<string>();
  /** Being removed: answers to nothing but its removal. */
  removing = false;
  /** A user's stop is under way: its policy must not start it again. */
  stopping = false;
  /** The last signal of this run that came through the engine, and on whose behalf. */
  lastSignal: { signal: number; by: string } | undefined;
  /** Ends a pause before a restart early. */
  cancelRestart: (() => void) | undefined;
  #nextExit = Promise.withResolvers<ContainerExit>();
  readonly #removed = Promise.withResolvers<ContainerExit>();

  constructor(record: ContainerRecord, paths: ContainerPaths) {
    this.record = record;
    this.paths = paths;
  }

  get id(): string {
    return this.record.id;
  }

  get running(): boolean {
    return isRunning(this.record.state);
  }

  /** The next end of its process, or failed start. */
  get nextExit(): Promise<ContainerExit> {
    return this.#nextExit.promise;
  }

  /** Its removal. */
  get removed(): Promise<ContainerExit> {
    return this.#removed.promise;
  }

  announceExit(exit: ContainerExit): void {
    const waiting = this.#nextExit;
    this.#nextExit = Promise.withResolvers();
    waiting.resolve(exit);
  }

  announceRemoval(): void {
    const exit = { exitCode: this.record.state.exitCode };
    this.#removed.resolve(exit);
    this.#nextExit.resolve(exit);
    this.abandonEarlyClients();
  }

  abandonEarlyClients(): void {
    for (const client of this.earlyClients) client.abandon();
    this.earlyClients.clear();
  }
}
