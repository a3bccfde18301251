import { RegistryUnreachableError } from './registry-error.ts';

export interface StallLimits {
  /** Nothing at all for this long is a dead connection. */
  idleMs: number;
  /** Less than this many bytes per second, over a window of `windowMs` spent waiting, is a connection kept alive to no use. */
  leastBytesPerSecond: number;
  windowMs: number;
}

export const DEFAULT_STALL_LIMITS: StallLimits = { idleMs: 30_000, leastBytesPerSecond: 512, windowMs: 60_000 };

/**
 * Ends a transfer that does not move. Only time spent waiting for the other side counts: a reader of ours who is slow, or who has
 * stopped, never makes a registry look dead.
 */
export class StallWatch implements Disposable {
  readonly #limits: StallLimits;
  readonly #onStall: (error: Error) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #host: string;
  #waitingSince: number | undefined;
  #windowMs = 0;
  #windowBytes = 0;

  constructor(options: { host: string; limits: StallLimits; onStall: (error: Error) => void }) {
    this.#host = options.host;
    this.#limits = options.limits;
    this.#onStall = options.onStall;
    this.#timer = setTimeout(() => { this.#fire(); }, options.limits.idleMs);
  }

  wait(): void {
    this.#waitingSince = performance.now();
    this.#timer.refresh();
  }

  moved(bytes: number): void {
    this.#windowMs += performance.now() - (this.#waitingSince ?? performance.now());
    this.#waitingSince = undefined;
    this.#windowBytes += bytes;
    if (this.#windowMs < this.#limits.windowMs) return;
    const rate = this.#windowBytes / (this.#windowMs / 1000);
    this.#windowMs = 0;
    this.#windowBytes = 0;
    if (rate < this.#limits.leastBytesPerSecond) this.#stalled(`only ${rate.toFixed(0)} bytes per second`);
  }

  #fire(): void {
    if (this.#waitingSince !== undefined) this.#stalled(`nothing moved for ${String(this.#limits.idleMs / 1000)} s`);
  }

  #stalled(why: string): void {
    this.#onStall(new RegistryUnreachableError(`registry ${this.#host} has stalled: ${why}`, { passing: true }));
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
