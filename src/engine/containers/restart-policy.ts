import type { HostConfig } from '../../api/wire/container.ts';
import { InvalidArgumentError } from '../../api/errors.ts';

export interface RestartPolicy {
  name: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  /** on-failure: 0 is without limit. */
  maximumRetries: number;
}

/** @throws InvalidArgumentError */
export function parseRestartPolicy(wire: HostConfig['RestartPolicy']): RestartPolicy {
  const text = wire?.Name ?? '';
  const name = (['no', 'always', 'unless-stopped', 'on-failure'] as const).find((candidate) => candidate === (text === '' ? 'no' : text));
  const maximumRetries = wire?.MaximumRetryCount ?? 0;
  if (name === undefined) throw new InvalidArgumentError(`invalid restart policy '${text}'`);
  if (maximumRetries < 0) throw new InvalidArgumentError('maximum retry count cannot be negative');
  if (maximumRetries > 0 && name !== 'on-failure') throw new InvalidArgumentError(`maximum retry count cannot be used with restart policy '${name}'`);
  return { name, maximumRetries };
}

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 60_000;
/** A container that ran this long has recovered: the next delay is the first again. */
const STEADY_MS = 10_000;

/**
 * Whether a container that has ended is started again, and after how long. Pure.
 * @param previousDelayMs the delay before the run that has just ended; 0 if there was none
 */
export function decideRestart(policy: RestartPolicy, end: { exitCode: number; ranMs: number; restartCount: number; stoppedByUser: boolean; previousDelayMs: number }): { delayMs: number } | undefined {
  const wanted = !end.stoppedByUser && (policy.name === 'always' || policy.name === 'unless-stopped'
    || (policy.name === 'on-failure' && failsAgain(policy, end)));
  if (!wanted) return undefined;
  const delayMs = end.ranMs >= STEADY_MS || end.previousDelayMs === 0 ? FIRST_DELAY_MS : Math.min(end.previousDelayMs * 2, LONGEST_DELAY_MS);
  return { delayMs };
}

/** Whether a container that does not run is started when the engine starts. Pure. Source: moby, restartmanager/restartmanager.go. */
export function startsWithEngine(policy: RestartPolicy, last: { exitCode: number; restartCount: number; stoppedByUser: boolean }): boolean {
  if (policy.name === 'always') return true;
  if (last.stoppedByUser) return false;
  return policy.name === 'unless-stopped' || (policy.name === 'on-failure' && failsAgain(policy, last));
}

function failsAgain(policy: RestartPolicy, end: { exitCode: number; restartCount: number }): boolean {
  return end.exitCode !== 0 && (policy.maximumRetries === 0 || end.restartCount < policy.maximumRetries);
}
