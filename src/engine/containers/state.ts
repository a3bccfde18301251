import { ConflictError } from '../../api/errors.ts';
import type { HealthState } from './health/health.ts';

export type ContainerPhase = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead';

/** Moments in milliseconds since the epoch; 0 for never. */
export interface ContainerState {
  phase: ContainerPhase;
  pid: number;
  exitCode: number;
  oomKilled: boolean;
  /** Why the last start failed. */
  error: string;
  startedAt: number;
  finishedAt: number;
}

export type ContainerTransition =
  | { type: 'started'; pid: number; at: number }
  | { type: 'start-failed'; exitCode: number; error: string }
  | { type: 'paused' }
  | { type: 'resumed' }
  | { type: 'exited'; exitCode: number; at: number; oomKilled: boolean }
  /** It has ended and its policy will start it again. */
  | { type: 'restarting' }
  /** A start that was going to follow will not. */
  | { type: 'given-up' };

export const initialState: ContainerState = { phase: 'created', pid: 0, exitCode: 0, oomKilled: false, error: '', startedAt: 0, finishedAt: 0 };

const ALLOWED: Readonly<Record<ContainerTransition['type'], readonly ContainerPhase[]>> = {
  started: ['created', 'exited', 'restarting'],
  'start-failed': ['created', 'exited', 'restarting'],
  paused: ['running'],
  resumed: ['paused'],
  exited: ['running', 'paused'],
  restarting: ['exited'],
  'given-up': ['restarting'],
};

/** The next state. Pure. @throws ConflictError when the phase does not allow it */
export function transition(state: ContainerState, change: ContainerTransition): ContainerState {
  if (!ALLOWED[change.type].includes(state.phase)) throw new ConflictError(`a container that is ${state.phase} cannot become ${change.type}`);
  switch (change.type) {
    case 'started': return { ...state, phase: 'running', pid: change.pid, exitCode: 0, oomKilled: false, error: '', startedAt: change.at };
    case 'start-failed': return { ...state, phase: state.phase === 'created' ? 'created' : 'exited', pid: 0, exitCode: change.exitCode, error: change.error };
    case 'paused': return { ...state, phase: 'paused' };
    case 'resumed': return { ...state, phase: 'running' };
    case 'exited': return { ...state, phase: 'exited', pid: 0, exitCode: change.exitCode, oomKilled: change.oomKilled, finishedAt: change.at };
    case 'restarting': return { ...state, phase: 'restarting' };
    case 'given-up': return { ...state, phase: 'exited' };
  }
}

/** There is a process. */
export function isRunning(state: ContainerState): boolean {
  return state.phase === 'running' || state.phase === 'paused';
}

/** For people, as `docker ps` shows it: `Up 3 minutes`, `Exited (0) 2 hours ago`. Pure. */
export function describeState(state: ContainerState, now: number, health?: HealthState): string {
  switch (state.phase) {
    case 'created': return 'Created';
    case 'running': return `Up ${duration(now - state.startedAt)}${health ? ` (${health.status === 'starting' ? 'health: starting' : health.status})` : ''}`;
    case 'paused': return `Up ${duration(now - state.startedAt)} (Paused)`;
    case 'restarting': return `Restarting (${String(state.exitCode)}) ${duration(now - state.finishedAt)} ago`;
    case 'exited': return `Exited (${String(state.exitCode)}) ${duration(now - state.finishedAt)} ago`;
    case 'dead': return 'Dead';
  }
}

/** Docker's wording of durations (go-units HumanDuration). */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${String(seconds)} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${String(minutes)} minutes`;
  const hours = Math.round(ms / 3_600_000);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${String(hours)} hours`;
  if (hours < 24 * 7 * 2) return `${String(Math.floor(hours / 24))} days`;
  if (hours < 24 * 30 * 2) return `${String(Math.floor(hours / 24 / 7))} weeks`;
  if (hours < 24 * 365 * 2) return `${String(Math.floor(hours / 24 / 30))} months`;
  return `${String(Math.floor(hours / 24 / 365))} years`;
}
