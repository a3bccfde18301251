import { existsSync, readFileSync } from 'node:fs';

export interface CgroupMode {
  version: 1 | 2;
  /** v1 controllers with a v2 hierarchy beside them (systemd's "hybrid"). */
  hybrid: boolean;
  controllers: readonly string[];
}

/** How this machine's cgroups are set up. Source: cgroups(7). */
export function detectCgroups(): CgroupMode {
  const unified = '/sys/fs/cgroup/cgroup.controllers';
  if (existsSync(unified)) return { version: 2, hybrid: false, controllers: readFileSync(unified, 'utf8').trim().split(/\s+/) };
  const enabled = readFileSync('/proc/cgroups', 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t')).filter((row) => row[3] === '1').flatMap((row) => row[0] ?? []);
  return { version: 1, hybrid: existsSync('/sys/fs/cgroup/unified/cgroup.controllers'), controllers: enabled };
}

/** Processes of a container's cgroup, in all of its children too for v2's leaf rule. Empty when it has gone. */
export function cgroupProcesses(cgroupPath: string): number[] {
  for (const root of ['/sys/fs/cgroup', '/sys/fs/cgroup/pids', '/sys/fs/cgroup/memory']) {
    try {
      return readFileSync(`${root}${cgroupPath}/cgroup.procs`, 'utf8').split('\n').filter((line) => line !== '').map(Number);
    } catch {
      continue;
    }
  }
  return [];
}
