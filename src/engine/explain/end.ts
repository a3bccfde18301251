import { constants } from 'node:os';
import type { EndFact } from '../../api/wire/explain.ts';
import type { ContainerRecord } from '../containers/container-record.ts';

/** Why a container does not run any more; null for one that runs or never did. Pure. */
export function explainEnd(record: Pick<ContainerRecord, 'state' | 'lastEnd'>): EndFact | null {
  const { state, lastEnd } = record;
  if (state.error !== '') return { at: null, exitCode: state.exitCode, signal: null, sentBy: null, oomKilled: false, text: `it could not be started: ${state.error}` };
  if (state.finishedAt === 0 || state.phase === 'running' || state.phase === 'paused') return null;
  const { exitCode, oomKilled } = state;
  const signal = exitCode > 128 && exitCode < 255 ? signalName(exitCode - 128) : null;
  const asked = lastEnd?.signal;
  const sentBy = oomKilled ? 'kernel (out of memory)' : signal !== null && asked !== undefined && asked === exitCode - 128 ? (lastEnd?.by ?? null) : null;
  return { at: new Date(state.finishedAt).toISOString(), exitCode, signal, sentBy, oomKilled, text: endText({ exitCode, signal, sentBy, oomKilled, lastEnd }) };
}

function endText({ exitCode, signal, sentBy, oomKilled, lastEnd }: Pick<EndFact, 'exitCode' | 'signal' | 'sentBy' | 'oomKilled'> & { lastEnd: ContainerRecord['lastEnd'] }): string {
  if (oomKilled) return `it wanted more memory than its limit, and the kernel killed a process of it${signal === null ? '' : ` with ${signal}`} (exit code ${String(exitCode)})`;
  if (lastEnd?.unknown === true) return 'its exit code could not be learnt: the process that kept watch over it was killed';
  if (signal !== null) return sentBy === null ? `${signal} ended it (exit code ${String(exitCode)}): sent by a process in it or on the machine, or the code is its own` : `${signal} ended it, sent by ${sentBy}`;
  const ended = exitCode === 0 ? 'its process ended by itself, without an error' : `its process ended by itself with exit code ${String(exitCode)}`;
  return lastEnd?.signal === undefined ? ended : `${ended}, after ${signalName(lastEnd.signal)} from ${lastEnd.by ?? 'somebody'}`;
}

function signalName(signal: number): string {
  return Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? `signal ${String(signal)}`;
}
