import { setTimeout as sleep } from 'node:timers/promises';
import { ConflictError, InvalidArgumentError, messageOf, NotModifiedError } from '../../api/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { announce } from './container-events.ts';
import type { ContainerNetwork } from './container-network.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { Container } from './container.ts';
import type { Lifecycle } from './lifecycle.ts';
import { parseSignal } from './signals.ts';

const SIGKILL = 9;
const SIGTERM = 15;
const DEFAULT_STOP_SECONDS = 10;
/** After SIGKILL only a process stuck in the kernel is still there. */
const KILL_WAIT_MS = 10_000;

export interface StopOptions {
  signal?: string;
  /** Negative: wait for ever. */
  timeoutSeconds?: number;
  /** The engine ends: the container's policy still holds at the next start. */
  byEngine?: boolean;
}

/** What is done to containers that run. */
export class Controls {
  readonly #registry: ContainerRegistry;
  readonly #runtime: Runtime;
  readonly #lifecycle: Lifecycle;
  readonly #network: ContainerNetwork;
  readonly #events: EventBus;
  readonly #log: Logger;

  constructor(options: { registry: ContainerRegistry; runtime: Runtime; lifecycle: Lifecycle; network: ContainerNetwork; events: EventBus; log: Logger }) {
    this.#registry = options.registry;
    this.#runtime = options.runtime;
    this.#lifecycle = options.lifecycle;
    this.#network = options.network;
    this.#events = options.events;
    this.#log = options.log;
  }

  /**
   * Asks the container to end, then makes it. Resolves when it has ended.
   * @throws NotModifiedError when it does not run
   */
  async stop(container: Container, options: StopOptions = {}): Promise<void> {
    if (container.record.state.phase === 'restarting') {
      this.#registry.update(container, { stoppedByUser: true });
      container.cancelRestart?.();
      return;
    }
    if (!container.running) throw new NotModifiedError(`container ${container.record.name} is not running`);
    const signal = parseSignal(options.signal ?? stopSignalOf(container));
    if (options.byEngine !== true) this.#registry.update(container, { stoppedByUser: true });
    const by = options.byEngine === true ? 'the engine\'s own end' : 'a stop through the API';
    await this.#end(container, signal, { timeoutSeconds: options.timeoutSeconds ?? container.record.config.StopTimeout ?? DEFAULT_STOP_SECONDS, by });
    announce(this.#events, container.record, 'stop');
  }

  async #end(container: Container, signal: number, { timeoutSeconds, by }: { timeoutSeconds: number; by: string }): Promise<void> {
    const ended = container.nextExit.then(() => true);
    container.stopping = true;
    try {
      if (container.record.state.phase === 'paused') await this.#runtime.resume(container.id);
      this.#signal(container, signal, by);
      if (timeoutSeconds < 0) {
        await ended;
      } else if (!(await settledWithin(ended, timeoutSeconds * 1000))) {
        this.#signal(container, SIGKILL, `${by} that it did not follow within ${String(timeoutSeconds)} s`);
        if (!(await settledWithin(ended, KILL_WAIT_MS))) throw new ConflictError(`container ${container.record.name} does not end: its process is stuck in the kernel`);
      }
      // The end is announced before everything is cleared away: wait for that too.
      await this.#registry.lock.run(container.id, () => Promise.resolve());
    } finally {
      container.stopping = false;
    }
  }

  #signal(container: Container, signal: number, by: string): void {
    if (container.process?.signal(signal) !== true) return;
    container.lastSignal = { signal, by };
    announce(this.#events, container.record, 'kill', { signal: String(signal) });
  }

  /** Sends a signal; one that means its end wakes a paused container. With SIGKILL it resolves when the container has ended. @throws ConflictError when it does not run */
  async kill(container: Container, signalName: string, options: { byEngine?: boolean } = {}): Promise<void> {
    const signal = parseSignal(signalName === '' ? 'KILL' : signalName);
    if (!container.running) throw new ConflictError(`cannot kill container: ${container.record.name}: container ${container.id} is not running`);
    const isStop = signal === SIGKILL || signal === parseSignal(stopSignalOf(container));
    if (isStop && options.byEngine !== true) this.#registry.update(container, { stoppedByUser: true });
    const by = options.byEngine === true ? 'the engine\'s own end' : 'a kill through the API';
    if (signal === SIGKILL) await this.#end(container, SIGKILL, { timeoutSeconds: 10, by });
    else this.#signal(container, signal, by);
    // Frozen processes hear of it only when they go on.
    if (isStop && container.record.state.phase === 'paused') await this.unpause(container).catch(ignoreConflict);
  }

  /** Stops it if it runs, and starts it. */
  async restart(container: Container, options: StopOptions = {}): Promise<void> {
    if (container.running) await this.stop(container, options);
    await this.#lifecycle.start(container);
    announce(this.#events, container.record, 'restart');
  }

  /** @throws ConflictError */
  pause(container: Container): Promise<void> {
    return this.#registry.lock.run(container.id, async () => {
      if (container.record.state.phase === 'paused') throw new ConflictError(`Container ${container.id} is already paused`);
      if (!container.running) throw new ConflictError(`Container ${container.id} is not running`);
      await this.#runtime.pause(container.id);
      this.#registry.move(container, { type: 'paused' });
      this.#log.info('container paused', { id: container.id });
      announce(this.#events, container.record, 'pause');
    });
  }

  /** @throws ConflictError */
  unpause(container: Container): Promise<void> {
    return this.#registry.lock.run(container.id, async () => {
      if (container.record.state.phase !== 'paused') throw new ConflictError(`Container ${container.id} is not paused`);
      await this.#runtime.resume(container.id);
      this.#registry.move(container, { type: 'resumed' });
      this.#log.info('container unpaused', { id: container.id });
      announce(this.#events, container.record, 'unpause');
    });
  }

  /** @throws InvalidArgumentError, ConflictError when the name is taken */
  async rename(container: Container, wanted: string): Promise<void> {
    const name = wanted.replace(/^\//, '');
    if (name === container.record.name) throw new InvalidArgumentError('renaming a container with the same name as its current name');
    const oldName = container.record.name;
    try {
      this.#registry.reserveName(name, container.id);
    } catch (error) {
      if (error instanceof ConflictError) throw new ConflictError(`error when allocating new name: ${error.message}`, { cause: error });
      throw new InvalidArgumentError(`error when allocating new name: ${messageOf(error)}`, { cause: error });
    }
    this.#registry.update(container, { name });
    announce(this.#events, container.record, 'rename', { oldName: `/${oldName}` });
    if (container.running) await this.#network.announceNames(container, true);
  }

  /** @throws ConflictError when it does not run */
  async resize(container: Container, columns: number, rows: number): Promise<void> {
    if (!container.process) throw new ConflictError(`container ${container.id} is not running`);
    await container.process.resize(columns, rows);
    announce(this.#events, container.record, 'resize', { height: String(rows), width: String(columns) });
  }
}

/** It has ended, or somebody else was faster. */
function ignoreConflict(error: unknown): void {
  if (!(error instanceof ConflictError)) throw error;
}

function stopSignalOf(container: Container): string {
  const own = container.record.config.StopSignal;
  return own === undefined || own === '' ? String(SIGTERM) : own;
}

async function settledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  try {
    return await Promise.race([promise.then(() => true), sleep(ms, false, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}
