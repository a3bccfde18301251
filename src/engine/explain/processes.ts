import { readFileSync } from 'node:fs';
import type { ContainerExplanation } from '../../api/wire/explain.ts';
import { cgroupProcesses } from '../linux/cgroup.ts';

/** The processes of a cgroup, as proc(5) tells. */
export function processFacts(cgroupPath: string): ContainerExplanation['processes'] {
  return cgroupProcesses(cgroupPath).flatMap((pid) => {
    try {
      const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
      const number = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
      const words = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').split('\0').filter((word) => word !== '');
      const command = words.length > 0 ? words.join(' ') : `[${/^Name:\s+(.*)$/m.exec(status)?.[1] ?? ''}]`;
      return [{ pid, parent: number('PPid'), memory: number('VmRSS') * 1024, command }];
    } catch {
      // It has ended since.
      return [];
    }
  });
}
