import { totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CgroupUsage, readCgroupUsage } from '../linux/cgroup-usage.ts';
import { type InterfaceCounters, interfaceCounters, machineCpuTime } from '../linux/machine-usage.ts';
import { cgroupPath } from '../runtime/spec.ts';
import type { Container } from './container.ts';

/** What a container used, up to a moment. */
export interface StatsSample {
  /** Milliseconds since the epoch. */
  at: number;
  usage: CgroupUsage;
  /** The machine's processors, all together. */
  system: { total: number; online: number };
  networks: Readonly<Record<string, InterfaceCounters>>;
  machineMemoryBytes: number;
}

/** A sample and the one before it, both absent for a container that does not run. */
export interface StatsPair {
  now: StatsSample | undefined;
  before: StatsSample | undefined;
}

const INTERVAL_MS = 1000;

function sample(container: Container, version: 1 | 2): StatsSample | undefined {
  const { id, running, record } = container;
  const usage = running ? readCgroupUsage(version, cgroupPath(id, record.hostConfig)) : undefined;
  return usage && { at: Date.now(), usage, system: machineCpuTime(), networks: interfaceCounters(record.state.pid), machineMemoryBytes: totalmem() };
}

/** One sample. With `oneShot` at once, else a second after the one that it is compared with. */
export async function statsOnce(container: Container, options: { version: 1 | 2; oneShot: boolean; signal: AbortSignal }): Promise<StatsPair> {
  const before = options.oneShot ? undefined : sample(container, options.version);
  if (before) await sleep(INTERVAL_MS, undefined, { signal: options.signal }).catch(() => undefined);
  return { now: sample(container, options.version), before };
}

/** A sample each second, until the signal or the container's removal. Nothing is read while nobody asks. */
export async function* statsStream(container: Container, options: { version: 1 | 2; signal: AbortSignal }): AsyncGenerator<StatsPair> {
  const over = new AbortController();
  const end = (): void => { over.abort(); };
  options.signal.addEventListener('abort', end);
  void container.removed.then(end);
  let before: StatsSample | undefined;
  try {
    while (!options.signal.aborted && !over.signal.aborted) {
      const now = sample(container, options.version);
      yield { now, before };
      before = now;
      await sleep(INTERVAL_MS, undefined, { signal: over.signal }).catch(() => undefined);
    }
  } finally {
    options.signal.removeEventListener('abort', end);
  }
}
