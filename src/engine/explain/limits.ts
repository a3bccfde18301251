import type { HostConfig } from '../../api/wire/container.ts';
import type { ContainerExplanation, LimitFact } from '../../api/wire/explain.ts';
import type { CgroupUsage } from '../linux/cgroup-usage.ts';

/** Limits against use. Pure. @param ranMs since the start, for the average of the processor */
export function limitFacts(host: HostConfig, usage: CgroupUsage | undefined, ranMs: number): LimitFact[] {
  const cpus = host.NanoCpus ? host.NanoCpus / 1e9 : host.CpuQuota && host.CpuQuota > 0 ? host.CpuQuota / (host.CpuPeriod ? host.CpuPeriod : 100_000) : null;
  const memory = host.Memory ? host.Memory : null;
  const pids = host.PidsLimit && host.PidsLimit > 0 ? host.PidsLimit : null;
  return [
    { name: 'memory', unit: 'bytes', limit: memory, used: usage?.memory.usage ?? null, why: memory === null ? 'no --memory' : '--memory' },
    { name: 'cpu', unit: 'cpus', limit: cpus, used: usage && ranMs > 0 ? usage.cpu.total / 1e6 / ranMs : null, why: cpus === null ? 'no --cpus' : host.NanoCpus ? '--cpus' : '--cpu-quota' },
    { name: 'pids', unit: 'processes', limit: pids, used: usage?.pids.current ?? null, why: pids === null ? 'no --pids-limit' : '--pids-limit' },
  ];
}

export function throttlingOf(usage: CgroupUsage | undefined): ContainerExplanation['throttling'] {
  return usage ? { periods: usage.cpu.periods, throttledPeriods: usage.cpu.throttledPeriods, throttledMs: usage.cpu.throttled / 1e6 } : null;
}
