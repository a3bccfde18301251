import { ConflictError, InvalidArgumentError, messageOf } from '../../api/errors.ts';
import { exec } from '../../base/exec.ts';
import { cgroupProcesses } from '../linux/cgroup.ts';
import { cgroupPath } from '../runtime/spec.ts';
import type { EventBus } from '../events/event-bus.ts';
import { announce } from './container-events.ts';
import type { Container } from './container.ts';

/**
 * `docker top`: the host's ps, narrowed to the container's processes.
 * @param psArguments as the user wrote them; default `-ef`
 * @throws ConflictError when it does not run
 */
export async function listProcesses(container: Container, psArguments: string, events: EventBus): Promise<{ titles: string[]; processes: string[][] }> {
  if (!container.running) throw new ConflictError(`container ${container.id} is not running`);
  if (psArguments.includes('\0')) throw new InvalidArgumentError('the arguments of ps cannot hold a NUL character');
  const words = (psArguments.trim() === '' ? '-ef' : psArguments.trim()).split(/\s+/);
  if (words.some((word) => /pid=\s*/i.test(word) && word.includes('='))) throw new InvalidArgumentError('specifying "pid=" is not allowed: the column is needed under its own name');
  const pids = new Set(cgroupProcesses(cgroupPath(container.id, container.record.hostConfig)));
  const { stdout } = await exec('ps', words, { timeoutMs: 10_000 }).catch((error: unknown) => {
    throw new Error(firstLine(messageOf(error)), { cause: error });
  });
  const selected = selectProcesses(stdout, pids);
  announce(events, container.record, 'top');
  return selected;
}

/** The rows of ps whose PID is in `pids`. Pure. @throws InvalidArgumentError when ps was not asked for a PID column */
export function selectProcesses(output: string, pids: ReadonlySet<number>): { titles: string[]; processes: string[][] } {
  const [head = '', ...rows] = output.split('\n').filter((line) => line.trim() !== '');
  const titles = head.trim().split(/\s+/);
  const column = titles.indexOf('PID');
  if (column === -1) throw new InvalidArgumentError("Couldn't find PID field in ps output");
  const processes = rows.map((row) => {
    const fields = row.trim().split(/\s+/);
    // The last column may hold spaces.
    return fields.length > titles.length ? [...fields.slice(0, titles.length - 1), fields.slice(titles.length - 1).join(' ')] : fields;
  });
  return { titles, processes: processes.filter((fields) => pids.has(Number(fields[column]))) };
}

/** ps explains its usage after what is wrong. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
