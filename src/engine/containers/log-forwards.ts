import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../base/log.ts';
import type { LogPlan, LogSink } from '../logs/log-driver.ts';
import type { LogDrivers } from '../logs/log-drivers.ts';
import { forwardLog } from '../logs/log-forwarder.ts';
import { recordFormat } from '../logs/record-format.ts';
import { logFailure, logPath, planLog } from './container-log.ts';
import type { Container } from './container.ts';

/** A sink that is there for a run which is not yet. */
export interface OpenForward {
  begin(): void;
  abandon(): void;
}

/** How long the end of a container waits until its last lines are sent. Source: moby, daemon/monitor.go. */
const DRAIN_MS = 2000;

interface Forward {
  end: () => void;
  stop: () => void;
  done: Promise<void>;
}

/** Hands the lines of containers on to where their drivers send them, as long as they run and until all is sent. */
export class LogForwards {
  readonly #drivers: LogDrivers;
  readonly #log: Logger;
  readonly #byContainer = new Map<string, Forward>();

  constructor(options: { drivers: LogDrivers; log: Logger }) {
    this.#drivers = options.drivers;
    this.#log = options.log;
  }

  /** Connects for a start; undefined when nothing is sent. @throws InternalError in dockerd's words */
  async open(container: Container, plan: LogPlan): Promise<OpenForward | undefined> {
    const { open } = plan;
    if (!open) return undefined;
    const sink = await open().catch((cause: unknown) => { throw logFailure(cause); });
    return { begin: () => { this.#begin(container, { open: () => Promise.resolve(sink), reopen: open }); }, abandon: () => { sink.close(); } };
  }

  /** Goes on with a container that an earlier engine has started, from where that one stood. */
  resume(container: Container): void {
    try {
      const { open } = planLog(container, this.#drivers);
      if (open) this.#begin(container, { open, reopen: open });
    } catch (error) {
      this.#log.warn('the log of a container cannot be sent on any more', { id: container.id, error });
    }
  }

  /** The container's process has ended: its last lines are sent before its end is told, if that takes no longer than a moment. */
  async drain(container: Container): Promise<void> {
    const forward = this.#byContainer.get(container.id);
    if (!forward) return;
    forward.end();
    await Promise.race([forward.done, sleep(DRAIN_MS, undefined, { ref: false })]);
  }

  /** Stops all; the next engine goes on from there. */
  async close(): Promise<void> {
    const forwards = [...this.#byContainer.values()];
    for (const forward of forwards) forward.stop();
    await Promise.all(forwards.map(({ done }) => done));
  }

  #begin(container: Container, sinks: { open: () => Promise<LogSink>; reopen: () => Promise<LogSink> }): void {
    const stop = new AbortController();
    const ended = Promise.withResolvers<undefined>();
    const before = this.#byContainer.get(container.id);
    before?.stop();
    const run = async (): Promise<void> => {
      await before?.done;
      await forwardLog({
        ...sinks, source: { path: logPath(container), format: recordFormat }, positionFile: join(container.paths.directory, 'forwarded'),
        ended: ended.promise, signal: stop.signal, log: this.#log,
      });
    };
    const done = run()
      .catch((error: unknown) => { this.#log.error('the log is no longer sent on', { id: container.id, error }); })
      .then(() => { if (this.#byContainer.get(container.id) === forward) this.#byContainer.delete(container.id); });
    const forward: Forward = { end: () => { ended.resolve(undefined); }, stop: () => { stop.abort(); }, done };
    this.#byContainer.set(container.id, forward);
    void container.removed.then(forward.stop);
  }
}
