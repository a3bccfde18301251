import type { EventMessage } from '../../api/wire/system.ts';

/** What has happened; the bus adds the time. */
export interface EngineEvent {
  type: EventMessage['Type'];
  action: string;
  id: string;
  attributes: Readonly<Record<string, string>>;
}

export interface TimedEvent extends EngineEvent {
  /** Nanoseconds since the epoch, strictly increasing. */
  timeNs: bigint;
}

export type EventListener = (event: TimedEvent) => void;

const RING_SIZE = 1024;

/**
 * Tells whoever listens what has happened. Broadcast only: nothing in the engine is driven by it, and a listener that throws
 * or is slow harms nobody else. Keeps the last 1,024 events for late listeners.
 */
export class EventBus {
  readonly #ring: TimedEvent[] = [];
  readonly #listeners = new Set<EventListener>();
  #lastNs = 0n;

  publish(event: EngineEvent): void {
    const timed = { ...event, timeNs: this.#now() };
    this.#ring.push(timed);
    if (this.#ring.length > RING_SIZE) this.#ring.shift();
    for (const listener of this.#listeners) {
      try {
        listener(timed);
      } catch {
        this.#listeners.delete(listener);
      }
    }
  }

  /** Tells that what nobody used has been removed. */
  publishPrune(type: EngineEvent['type'], bytes: number): void {
    this.publish({ type, action: 'prune', id: '', attributes: { reclaimed: String(bytes) } });
  }

  /** Kept events, oldest first, with `since <= time <= until`. */
  past(range: { sinceNs?: bigint | undefined; untilNs?: bigint | undefined }): TimedEvent[] {
    return this.#ring.filter((event) => (range.sinceNs === undefined || event.timeNs >= range.sinceNs) && (range.untilNs === undefined || event.timeNs <= range.untilNs));
  }

  /** Calls `listener` for every event from now on, in order, until the returned function is called. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  }

  #now(): bigint {
    const now = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
    this.#lastNs = now > this.#lastNs ? now : this.#lastNs + 1n;
    return this.#lastNs;
  }
}
