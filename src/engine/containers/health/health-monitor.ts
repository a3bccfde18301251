import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../api/errors.ts';
import type { Logger } from '../../../base/log.ts';
import type { EventBus } from '../../events/event-bus.ts';
import { announce } from '../container-events.ts';
import type { ContainerRegistry } from '../container-registry.ts';
import type { Container } from '../container.ts';
import type { Execs } from '../execs.ts';
import { type HealthResult, type HealthSettings, healthSettings, nextCheckMs, nextHealth, startingHealth } from './health.ts';
import { probe } from './probe.ts';

/** Looks after the health of containers that ask for it. Others cost nothing: no timer, no record. */
export class HealthMonitor {
  readonly #registry: ContainerRegistry;
  readonly #execs: Execs;
  readonly #events: EventBus;
  readonly #log: Logger;
  readonly #watches = new Map<string, AbortController>();

  constructor(options: { registry: ContainerRegistry; execs: Execs; events: EventBus; log: Logger }) {
    this.#registry = options.registry;
    this.#execs = options.execs;
    this.#events = options.events;
    this.#log = options.log;
  }

  /** Begins with a container that runs. @param resumed it ran before this engine did: what is known of its health holds */
  begin(container: Container, resumed: boolean): void {
    const settings = healthSettings(container.record.config.Healthcheck, container.record.config.Shell);
    if (!settings) return;
    const { health } = container.record;
    if (!resumed || !health) this.#registry.update(container, { health: startingHealth(health) });
    const ended = new AbortController();
    this.#watches.set(container.id, ended);
    void this.#watch(container, settings, ended.signal).catch((error: unknown) => { this.#log.error('health is no longer watched', { id: container.id, error }); });
  }

  /** The container has ended. As in dockerd, one that does not run is not healthy. */
  end(container: Container): void {
    this.#watches.get(container.id)?.abort();
    this.#watches.delete(container.id);
    const { health } = container.record;
    if (health) this.#registry.update(container, { health: { ...health, status: 'unhealthy' } });
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.abort();
  }

  async #watch(container: Container, settings: HealthSettings, signal: AbortSignal): Promise<void> {
    const sinceStart = (): number => Date.now() - container.record.state.startedAt;
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      await sleep(nextCheckMs(container.record.health?.status ?? 'starting', settings, sinceStart()), undefined, { signal, ref: false }).catch(() => undefined);
      // The processes of a paused container stand still: so does this.
      if (isOver() || container.record.state.phase !== 'running') continue;
      const begun = sinceStart();
      const result = await this.#check(container, settings, signal);
      if (!isOver() && container.running) this.#take(container, settings, result, begun);
    }
  }

  async #check(container: Container, settings: HealthSettings, signal: AbortSignal): Promise<HealthResult> {
    const startedAt = Date.now();
    try {
      return { ...await probe({ execs: this.#execs, container, command: settings.command, timeoutMs: settings.timeoutMs, signal }), startedAt, endedAt: Date.now() };
    } catch (error) {
      return { startedAt, endedAt: Date.now(), exitCode: -1, output: messageOf(error) };
    }
  }

  #take(container: Container, settings: HealthSettings, result: HealthResult, sinceStartMs: number): void {
    const before = container.record.health ?? startingHealth(undefined);
    const health = nextHealth(before, result, settings, sinceStartMs);
    this.#registry.update(container, { health });
    if (health.status === before.status) return;
    this.#log.info('health has changed', { id: container.id, name: container.record.name, status: health.status });
    announce(this.#events, container.record, `health_status: ${health.status}`);
  }
}
