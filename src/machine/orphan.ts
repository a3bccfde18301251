import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../base/log.ts';
import { isSameProcess, type ProcessIdentity } from './process-identity.ts';

const GRACE_MS = 10_000;
const LOOK_MS = 100;

/**
 * Ends a machine whose agent died: nobody holds its channels any more, and its disk can have one user only. QEMU writes its
 * disks out on SIGTERM and ends; the guest sees a power cut, which its file system and the engine's database are made for.
 */
export async function endOrphan(vm: ProcessIdentity, log: Logger): Promise<void> {
  if (!(await isSameProcess(vm))) return;
  log.warn('ending a machine whose agent died', { pid: vm.pid });
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(vm.pid, signal);
    } catch {
      return;
    }
    // Not our child, so its end cannot be awaited, only looked for.
    for (let waitedMs = 0; waitedMs < GRACE_MS; waitedMs += LOOK_MS) {
      if (!(await isSameProcess(vm))) return;
      await sleep(LOOK_MS);
    }
  }
}
