import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupMode } from './cgroup.ts';

/** What this machine's cgroups can limit. */
export interface CgroupFeatures {
  memory: boolean;
  swap: boolean;
  memoryReservation: boolean;
  swappiness: boolean;
  oomKillDisable: boolean;
  cpuShares: boolean;
  cpuQuota: boolean;
  cpuset: boolean;
  pids: boolean;
  blkioWeight: boolean;
  blkioThrottle: boolean;
  /** Processors and memory nodes that containers may be bound to, in the kernel's form: `0-3,8`. */
  cpus: string;
  memoryNodes: string;
  /** How many processors are online. */
  cpuCount: number;
}

const ROOT = '/sys/fs/cgroup';

export function detectCgroupFeatures(mode: CgroupMode, cpuCount: number): CgroupFeatures {
  const has = (controller: string, file: string): boolean => existsSync(join(ROOT, controller, file));
  const on = (controller: string): boolean => mode.controllers.includes(controller);
  const bound = { cpus: read('/sys/devices/system/cpu/online'), memoryNodes: read('/sys/devices/system/node/online'), cpuCount };
  if (mode.version === 2) {
    return {
      ...bound, memory: on('memory'), swap: on('memory'), memoryReservation: on('memory'), swappiness: false, oomKillDisable: false, cpuShares: on('cpu'), cpuQuota: on('cpu'),
      cpuset: on('cpuset'), pids: on('pids'), blkioWeight: on('io'), blkioThrottle: on('io'),
    };
  }
  return {
    ...bound, memory: on('memory'), swap: has('memory', 'memory.memsw.limit_in_bytes'), memoryReservation: has('memory', 'memory.soft_limit_in_bytes'),
    swappiness: has('memory', 'memory.swappiness'), oomKillDisable: has('memory', 'memory.oom_control'), cpuShares: has('cpu', 'cpu.shares'), cpuQuota: has('cpu', 'cpu.cfs_quota_us'),
    cpuset: on('cpuset'), pids: on('pids'), blkioWeight: has('blkio', 'blkio.weight'), blkioThrottle: has('blkio', 'blkio.throttle.read_bps_device'),
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // A kernel without NUMA has one node.
    return '0';
  }
}
