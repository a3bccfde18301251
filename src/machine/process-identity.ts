import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * When a process was started, as an opaque text that is equal for the same process only: pids are used again, pid and start time are not.
 * Undefined when there is no such process. On Windows only the life of the pid can be told.
 * Source: proc(5), field 22 of /proc/pid/stat; ps(1), `lstart`.
 */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => undefined);
    // The second field is the program's name in brackets and may hold blanks and brackets itself.
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  }
  if (!isAlive(pid)) return undefined;
  if (process.platform === 'win32') return 'alive';
  const ps = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => undefined);
  return ps?.stdout.trim() === '' ? undefined : ps?.stdout.trim();
}

export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
}

export async function isSameProcess(identity: ProcessIdentity): Promise<boolean> {
  return (await startTimeOf(identity.pid)) === identity.startTime;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
