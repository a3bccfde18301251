import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a cgroup has used so far. Times in nanoseconds, sizes in bytes; what the kernel does not tell is absent. */
export interface CgroupUsage {
  cpu: {
    total: number;
    kernel: number;
    user: number;
    /** cgroup v1 only. */
    perCpu?: readonly number[];
    periods: number;
    throttledPeriods: number;
    throttled: number;
  };
  memory: {
    usage: number;
    /** The highest usage; cgroup v1 only. */
    max?: number;
    /** Infinity without one. */
    limit: number;
    failures: number;
    /** `memory.stat` as it is. */
    details: Readonly<Record<string, number>>;
  };
  pids: { current: number; limit?: number };
  /** cgroup v2 counts bytes only. */
  io: { bytes: readonly IoCount[]; operations: readonly IoCount[] };
}

export interface IoCount {
  major: number;
  minor: number;
  /** `read`, `write` and, under v1, the kernel's further kinds. */
  operation: string;
  value: number;
}

/** Reads one file of a cgroup; undefined when it is not there. */
export type CgroupReader = (controller: string, file: string) => string | undefined;

const ROOT = '/sys/fs/cgroup';
/** `cpuacct.stat` counts in USER_HZ, which is 100 on every architecture that we know. */
const TICK_NS = 1e7;

/** @returns undefined when the cgroup has gone. Source: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/ of the kernel. */
export function readCgroupUsage(version: 1 | 2, cgroupPath: string): CgroupUsage | undefined {
  const read: CgroupReader = (controller, file) => {
    try {
      return readFileSync(version === 2 ? join(ROOT, cgroupPath, file) : join(ROOT, controller, cgroupPath, file), 'utf8');
    } catch {
      return undefined;
    }
  };
  return version === 2 ? usageV2(read) : usageV1(read);
}

export function usageV1(read: CgroupReader): CgroupUsage | undefined {
  const total = read('cpuacct', 'cpuacct.usage');
  const usage = read('memory', 'memory.usage_in_bytes');
  if (total === undefined && usage === undefined) return undefined;
  const ticks = keyed(read('cpuacct', 'cpuacct.stat'));
  const throttling = keyed(read('cpu', 'cpu.stat'));
  return {
    cpu: {
      total: Number(total ?? 0), kernel: (ticks['system'] ?? 0) * TICK_NS, user: (ticks['user'] ?? 0) * TICK_NS,
      perCpu: (read('cpuacct', 'cpuacct.usage_percpu') ?? '').split(/\s+/).filter((word) => word !== '').map(Number),
      periods: throttling['nr_periods'] ?? 0, throttledPeriods: throttling['nr_throttled'] ?? 0, throttled: throttling['throttled_time'] ?? 0,
    },
    memory: {
      usage: Number(usage ?? 0), max: Number(read('memory', 'memory.max_usage_in_bytes') ?? 0), limit: Number(read('memory', 'memory.limit_in_bytes') ?? Infinity),
      failures: Number(read('memory', 'memory.failcnt') ?? 0), details: keyed(read('memory', 'memory.stat')),
    },
    pids: pids(read),
    io: { bytes: countsV1(read('blkio', 'blkio.throttle.io_service_bytes_recursive')), operations: countsV1(read('blkio', 'blkio.throttle.io_serviced_recursive')) },
  };
}

export function usageV2(read: CgroupReader): CgroupUsage | undefined {
  const cpuText = read('', 'cpu.stat');
  if (cpuText === undefined) return undefined;
  const cpu = keyed(cpuText);
  const limit = read('', 'memory.max')?.trim();
  return {
    cpu: {
      total: (cpu['usage_usec'] ?? 0) * 1000, kernel: (cpu['system_usec'] ?? 0) * 1000, user: (cpu['user_usec'] ?? 0) * 1000,
      periods: cpu['nr_periods'] ?? 0, throttledPeriods: cpu['nr_throttled'] ?? 0, throttled: (cpu['throttled_usec'] ?? 0) * 1000,
    },
    memory: {
      usage: Number(read('', 'memory.current') ?? 0), limit: limit === undefined || limit === 'max' ? Infinity : Number(limit),
      failures: keyed(read('', 'memory.events'))['oom'] ?? 0, details: keyed(read('', 'memory.stat')),
    },
    pids: pids(read),
    io: { bytes: countsV2(read('', 'io.stat') ?? ''), operations: [] },
  };
}

function pids(read: CgroupReader): CgroupUsage['pids'] {
  const limit = read('pids', 'pids.max')?.trim();
  return { current: Number(read('pids', 'pids.current') ?? 0), ...(limit === undefined || limit === 'max' ? {} : { limit: Number(limit) }) };
}

/** Lines of `name number`. */
function keyed(text: string | undefined): Record<string, number> {
  return Object.fromEntries([...(text ?? '').matchAll(/^(\S+) (\d+)$/gm)].map(([, name = '', value]) => [name, Number(value)]));
}

/** Lines of `8:0 Read 4096`. */
function countsV1(text = ''): IoCount[] {
  return [...text.matchAll(/^(\d+):(\d+) (\w+) (\d+)$/gm)].map(([, major, minor, operation = '', value]) => ({
    major: Number(major), minor: Number(minor), operation: operation.toLowerCase(), value: Number(value),
  }));
}

/** Lines of `8:0 rbytes=4096 wbytes=0 rios=1 …`. */
function countsV2(text: string): IoCount[] {
  return [...text.matchAll(/^(\d+):(\d+) (.*)$/gm)].flatMap(([, major, minor, rest = '']) => (['read', 'write'] as const).map((operation) => ({
    major: Number(major), minor: Number(minor), operation, value: Number(new RegExp(`\\b${operation === 'read' ? 'r' : 'w'}bytes=(\\d+)`).exec(rest)?.[1] ?? 0),
  })));
}
