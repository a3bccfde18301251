export type ResourceKind = 'blob' | 'snapshot';

/**
 * Keeps what an operation in progress needs from garbage collection. Held in memory: no operation outlives the engine, and what a dead one
 * left is garbage.
 */
export class Leases {
  readonly #counts: Readonly<Record<ResourceKind, Map<string, number>>> = { blob: new Map(), snapshot: new Map() };

  /** Take it before the first byte; release it after the last reference is written. */
  acquire(): Lease {
    return new Lease(this.#counts);
  }

  isHeld(kind: ResourceKind, key: string): boolean {
    return this.#counts[kind].has(key);
  }
}

export class Lease implements Disposable {
  readonly #counts: Readonly<Record<ResourceKind, Map<string, number>>>;
  readonly #held: Readonly<Record<ResourceKind, Set<string>>> = { blob: new Set(), snapshot: new Set() };

  constructor(counts: Readonly<Record<ResourceKind, Map<string, number>>>) {
    this.#counts = counts;
  }

  /** Idempotent. What does not exist yet may be held: then nobody can collect it in the moment it appears. */
  hold(kind: ResourceKind, key: string): void {
    if (this.#held[kind].has(key)) return;
    this.#held[kind].add(key);
    this.#counts[kind].set(key, (this.#counts[kind].get(key) ?? 0) + 1);
  }

  /** Idempotent. */
  release(): void {
    for (const kind of ['blob', 'snapshot'] as const) {
      for (const key of this.#held[kind]) {
        const count = (this.#counts[kind].get(key) ?? 1) - 1;
        if (count === 0) this.#counts[kind].delete(key);
        else this.#counts[kind].set(key, count);
      }
      this.#held[kind].clear();
    }
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
