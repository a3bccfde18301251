import type { HealthConfig } from '../../../api/wire/container.ts';

export interface HealthResult {
  /** Milliseconds since the epoch. */
  startedAt: number;
  endedAt: number;
  /** 0 is healthy; -1 when it could not run or took too long. */
  exitCode: number;
  output: string;
}

/** How a container with a health check is doing. */
export interface HealthState {
  status: 'starting' | 'healthy' | 'unhealthy';
  failingStreak: number;
  /** The last results, oldest first. */
  results: readonly HealthResult[];
}

export interface HealthSettings {
  command: readonly [string, ...string[]];
  intervalMs: number;
  timeoutMs: number;
  startPeriodMs: number;
  startIntervalMs: number;
  retries: number;
}

export const MOST_RESULTS = 5;
export const MOST_OUTPUT_BYTES = 4096;

/** What is to be done to learn the health; undefined: nothing. Docker's defaults. */
export function healthSettings(health: HealthConfig | null | undefined, shell: readonly string[] | null | undefined): HealthSettings | undefined {
  const [kind, ...words] = health?.Test ?? [];
  if (!health || (kind !== 'CMD' && kind !== 'CMD-SHELL')) return undefined;
  const [first, ...rest] = kind === 'CMD' ? words : [...(shell?.length ? shell : ['/bin/sh', '-c']), ...words];
  if (first === undefined) return undefined;
  return {
    command: [first, ...rest], intervalMs: ms(health.Interval, 30_000), timeoutMs: ms(health.Timeout, 30_000), startPeriodMs: ms(health.StartPeriod, 0),
    startIntervalMs: ms(health.StartInterval, 5000), retries: health.Retries ? health.Retries : 3,
  };
}

function ms(nanoseconds: number | undefined, fallback: number): number {
  return nanoseconds ? nanoseconds / 1e6 : fallback;
}

/** A start makes everything open again; what was seen before is kept to be read. */
export function startingHealth(before: HealthState | undefined): HealthState {
  return { status: 'starting', failingStreak: 0, results: before?.results ?? [] };
}

/** @param sinceStartMs the check's beginning after the container's start: failures in the start period do not count until it was healthy once */
export function nextHealth(state: HealthState, result: HealthResult, settings: HealthSettings, sinceStartMs: number): HealthState {
  const results = [...state.results, result].slice(-MOST_RESULTS);
  if (result.exitCode === 0) return { status: 'healthy', failingStreak: 0, results };
  if (state.status === 'starting' && sinceStartMs < settings.startPeriodMs) return { ...state, results };
  const failingStreak = state.failingStreak + 1;
  return { status: failingStreak >= settings.retries ? 'unhealthy' : state.status, failingStreak, results };
}

/** Until the next check. One follows the end of the start period at once. */
export function nextCheckMs(status: HealthState['status'], settings: HealthSettings, sinceStartMs: number): number {
  const left = settings.startPeriodMs - sinceStartMs;
  if (left <= 0 || status !== 'starting') return settings.intervalMs;
  return Math.min(left, settings.startIntervalMs);
}
