/** Bearer tokens until shortly before they end; the least recently used go first when there are too many. */
export class TokenCache {
  readonly #entries = new Map<string, { token: string; expiresAt: number }>();
  readonly #limit: number;
  readonly #now: () => number;

  constructor(options: { limit?: number; now?: () => number } = {}) {
    this.#limit = options.limit ?? 1000;
    this.#now = options.now ?? Date.now;
  }

  get(key: string): string | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    if (entry.expiresAt <= this.#now()) return undefined;
    this.#entries.set(key, entry);
    return entry.token;
  }

  /** @param lifeMs as the token server says; a tenth of it, at most 10 s, is kept back for the way and for clocks that differ */
  set(key: string, token: string, lifeMs: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { token, expiresAt: this.#now() + lifeMs - Math.min(lifeMs / 10, 10_000) });
    const oldest = this.#entries.size > this.#limit ? this.#entries.keys().next().value : undefined;
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
