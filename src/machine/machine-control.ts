import type { MachineStatus } from '../api/machine.ts';
import type { Logger } from '../base/log.ts';
import { pathsFor, stopMachine, type MachineRef } from './machine-life.ts';
import { restartMachine, startMachine } from './start-machine.ts';
import { MachineWatch } from './machine-watch.ts';

/** What the window and the tray can know and do about the machine. */
export interface MachineControl {
  readonly status: MachineStatus;
  /** Resolves once `status` tells of the machine itself. */
  readonly ready: Promise<unknown>;
  /** Path of the agent's control socket, which is there while an agent runs. */
  readonly controlSocket: string;
  /** Path of the engine's socket on this host. */
  readonly engineSocket: string;
  /** Hears of the status now and of each change. Returns what ends it. */
  subscribe(listener: (status: MachineStatus) => void): () => void;
  /** Resolves when the machine runs or has failed. @throws StrataError when it cannot even begin. */
  start(): Promise<MachineStatus>;
  restart(): Promise<MachineStatus>;
  stop(options?: { force?: boolean }): Promise<void>;
}

/** Controls a machine through its agent, which it starts when there is none and which outlives this program. */
export class AgentControl implements MachineControl {
  readonly controlSocket: string;
  readonly engineSocket: string;
  readonly #ref: MachineRef;
  readonly #watch: MachineWatch;

  constructor(ref: MachineRef, log: Logger) {
    const paths = pathsFor(ref);
    this.controlSocket = paths.controlSocket;
    this.engineSocket = paths.engineSocket;
    this.#ref = ref;
    this.#watch = new MachineWatch(ref, log);
    void this.#watch.run();
  }

  get status(): MachineStatus {
    return this.#watch.latest;
  }

  get ready(): Promise<unknown> {
    return this.#watch.ready;
  }

  subscribe(listener: (status: MachineStatus) => void): () => void {
    return this.#watch.subscribe(listener);
  }

  start(): Promise<MachineStatus> {
    return startMachine(this.#ref, { onStatus: () => { this.#watch.lookNow(); } });
  }

  restart(): Promise<MachineStatus> {
    return restartMachine(this.#ref, { onStatus: () => { this.#watch.lookNow(); } });
  }

  stop(options: { force?: boolean } = {}): Promise<void> {
    return stopMachine(this.#ref, options);
  }

  /** Ends the watching. The machine runs on. */
  close(): void {
    this.#watch.stop();
  }
}
