import type { StartPhase } from '../api/machine.ts';
import { InvalidArgumentError } from '../api/errors.ts';
import { START_PHASES } from '../api/machine.ts';

/** How long each phase may take under real virtualisation. */
const DEADLINES_MS: Readonly<Record<StartPhase, number>> = {
  probe: 30_000, disk: 30_000, boot: 15_000, kernel: 20_000, init: 15_000,
  // The first boot makes the file system; later ones may replay its journal.
  'data-disk': 60_000,
  network: 15_000, ssh: 20_000, engine: 40_000, forward: 15_000,
};

/** Emulation is slower by this much at most, on a busy host. */
const EMULATION_FACTOR = 8;

/** Fixed deadlines in place of the usual ones, unscaled: for tests of guests that never answer. */
export type DeadlineOverrides = Readonly<Partial<Record<StartPhase, number>>>;

/** @param accelerator as in `MachineStatus`; undefined before it is known. */
export function deadlineMs(phase: StartPhase, accelerator: string | undefined, overrides: DeadlineOverrides = {}): number {
  return overrides[phase] ?? DEADLINES_MS[phase] * emulationFactor(accelerator);
}

export function emulationFactor(accelerator: string | undefined): number {
  return accelerator === 'tcg' ? EMULATION_FACTOR : 1;
}

/**
 * Reads `STRATA_PHASE_DEADLINES`, e.g. `kernel=1500,ssh=2000` (milliseconds).
 * @throws InvalidArgumentError
 */
export function parseDeadlineOverrides(text: string | undefined): DeadlineOverrides {
  const overrides: Partial<Record<StartPhase, number>> = {};
  for (const part of (text ?? '').split(',').filter((piece) => piece !== '')) {
    const [name, value] = part.split('=');
    const phase = START_PHASES.find((known) => known === name);
    const milliseconds = Number(value);
    if (phase === undefined || !Number.isInteger(milliseconds) || milliseconds <= 0) throw new InvalidArgumentError(`invalid STRATA_PHASE_DEADLINES: ${part}`);
    overrides[phase] = milliseconds;
  }
  return overrides;
}
