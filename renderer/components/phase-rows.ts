import { START_PHASES, type MachineStatus, type StartPhase } from '../../src/api/machine.ts';

export interface PhaseRow {
  phase: StartPhase;
  state: 'done' | 'running' | 'failed' | 'waiting';
  /** Milliseconds; undefined while the phase has not begun, and where it was broken off at an unknown time. */
  tookMs: number | undefined;
  /** Where its bar begins and how long it is, as parts of the whole start (0 to 1). */
  offset: number;
  length: number;
}

/**
 * The steps of a start as rows of a chart. Steps that this driver does not have are left out once the start is over.
 * @param sinceMs milliseconds since the status arrived
 */
export function phaseRows(status: MachineStatus, sinceMs: number): { rows: PhaseRow[]; totalMs: number } {
  const begun = new Map(status.phases.map((timing) => [timing.phase, timing]));
  const latest = Math.max(0, ...status.phases.map(({ startedMs, endedMs }) => endedMs ?? startedMs));
  const moving = status.state === 'starting';
  const nowMs = moving ? latest + sinceMs : latest;
  const totalMs = Math.max(1, nowMs);
  const rows = START_PHASES.flatMap((phase): PhaseRow[] => {
    const timing = begun.get(phase);
    if (!timing) return moving ? [{ phase, state: 'waiting', tookMs: undefined, offset: 0, length: 0 }] : [];
    const endMs = timing.endedMs ?? nowMs;
    const state = status.failure?.phase === phase ? 'failed' : timing.endedMs !== undefined ? 'done' : moving ? 'running' : 'failed';
    const known = timing.endedMs !== undefined || moving;
    return [{ phase, state, tookMs: known ? endMs - timing.startedMs : undefined, offset: timing.startedMs / totalMs, length: (endMs - timing.startedMs) / totalMs }];
  });
  return { rows, totalMs };
}
