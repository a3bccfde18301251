import type { PhaseTiming, StartPhase } from '../api/machine.ts';
import { UnavailableError } from '../api/errors.ts';

/**
 * Follows one start through its phases. The current phase is the first that has not ended; its deadline runs from the moment it
 * became current, so that a guest that does two things at once, or never says that it begins one, is judged all the same.
 */
export class StartProgress {
  readonly #phases: readonly StartPhase[];
  readonly #deadlineMs: (phase: StartPhase) => number;
  readonly #onChange: (timings: PhaseTiming[]) => void;
  readonly #onLate: (phase: StartPhase, error: UnavailableError) => void;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #begun = new Map<StartPhase, number>();
  readonly #ended = new Map<StartPhase, number>();
  readonly #reached = new Map<StartPhase, PromiseWithResolvers<undefined>>();
  #timer: NodeJS.Timeout | undefined;
  #current: StartPhase | undefined;

  constructor(options: {
    phases: readonly StartPhase[];
    /** Asked when a phase becomes current. */
    deadlineMs: (phase: StartPhase) => number;
    onChange: (timings: PhaseTiming[]) => void;
    onLate: (phase: StartPhase, error: UnavailableError) => void;
    now?: () => number;
  }) {
    this.#phases = options.phases;
    this.#deadlineMs = options.deadlineMs;
    this.#onChange = options.onChange;
    this.#onLate = options.onLate;
    this.#now = options.now ?? (() => performance.now());
    this.#startedAt = this.#now();
    this.#advance();
  }

  /** The phase that a failure now belongs to: the current one, or the last when all have ended. */
  get current(): StartPhase {
    return this.#current ?? this.#phases.at(-1) ?? 'boot';
  }

  /** Idempotent, as are all reports: a guest may say things twice. Phases that this start does not have are ignored. */
  begin(phase: StartPhase): void {
    if (!this.#phases.includes(phase) || this.#begun.has(phase)) return;
    this.#begun.set(phase, this.#elapsed());
    this.#onChange(this.timings());
  }

  end(phase: StartPhase): void {
    if (!this.#phases.includes(phase) || this.#ended.has(phase)) return;
    const at = this.#elapsed();
    if (!this.#begun.has(phase)) this.#begun.set(phase, at);
    this.#ended.set(phase, at);
    this.#waiter(phase).resolve(undefined);
    this.#advance();
    this.#onChange(this.timings());
  }

  /** Resolves when the phase has ended. Never rejects: a late phase is told to `onLate`. */
  reached(phase: StartPhase): Promise<undefined> {
    return this.#waiter(phase).promise;
  }

  timings(): PhaseTiming[] {
    return this.#phases.flatMap((phase) => {
      const startedMs = this.#begun.get(phase);
      const endedMs = this.#ended.get(phase);
      return startedMs === undefined ? [] : [{ phase, startedMs, ...(endedMs === undefined ? {} : { endedMs }) }];
    });
  }

  /** Stops the clock: no deadline is told after this. */
  dispose(): void {
    clearTimeout(this.#timer);
  }

  #advance(): void {
    const next = this.#phases.find((phase) => !this.#ended.has(phase));
    if (next === this.#current && next !== undefined) return;
    clearTimeout(this.#timer);
    this.#current = next;
    if (next === undefined) return;
    if (!this.#begun.has(next)) this.#begun.set(next, this.#elapsed());
    const limit = this.#deadlineMs(next);
    this.#timer = setTimeout(() => {
      this.#onLate(next, new UnavailableError(`${PHASE_TITLES[next]} did not finish within ${limit < 10_000 ? `${String(limit)} ms` : `${String(Math.round(limit / 1000))} s`}`));
    }, limit);
  }

  #waiter(phase: StartPhase): PromiseWithResolvers<undefined> {
    const known = this.#reached.get(phase) ?? Promise.withResolvers<undefined>();
    this.#reached.set(phase, known);
    return known;
  }

  #elapsed(): number {
    return Math.round(this.#now() - this.#startedAt);
  }
}

/** The phases in words for messages. */
export const PHASE_TITLES: Readonly<Record<StartPhase, string>> = {
  probe: 'checking this host', disk: 'preparing the disks', boot: 'starting the virtual machine', kernel: 'the guest kernel', init: "the guest's init",
  'data-disk': 'mounting the data disk', network: "the guest's network", ssh: 'the ssh connection', engine: 'the engine', forward: 'forwarding the engine socket',
};
