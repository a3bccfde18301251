import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether the OOM killer has struck in a cgroup since it was made. Must be asked before the cgroup is removed.
 * Source: cgroup v2 `memory.events`, v1 `memory.oom_control`, both with a line `oom_kill N`.
 */
export function oomKilled(cgroupPath: string): boolean {
  return [join('/sys/fs/cgroup', cgroupPath, 'memory.events'), join('/sys/fs/cgroup/memory', cgroupPath, 'memory.oom_control')].some((path) => {
    try {
      return /^oom_kill [1-9]/m.test(readFileSync(path, 'utf8'));
    } catch {
      return false;
    }
  });
}
