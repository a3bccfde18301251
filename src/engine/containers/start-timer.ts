import type { StartTrace } from './container-record.ts';

type Step = 'rootfsMs' | 'networkMs' | 'specMs' | 'runtimeMs';

/** Takes the time of a start's steps, to the microsecond. */
export class StartTimer {
  readonly #at = Date.now();
  readonly #begun = performance.now();
  readonly #laps: Record<Step, number> = { rootfsMs: 0, networkMs: 0, specMs: 0, runtimeMs: 0 };
  #last = this.#begun;

  /** `step` has ended now; it began when the one before it ended. */
  lap(step: Step): void {
    const now = performance.now();
    this.#laps[step] = rounded(now - this.#last);
    this.#last = now;
  }

  done(): StartTrace {
    return { at: this.#at, ...this.#laps, totalMs: rounded(this.#last - this.#begun) };
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
