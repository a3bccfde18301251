import { readFile } from 'node:fs/promises';
import type { MachineStatus } from '../api/machine.ts';
import { writeFileAtomic } from '../base/atomic-file.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** What an agent leaves for those who come when it is gone, and for the next agent. */
export interface SavedState {
  status: MachineStatus;
  /** The machine's process, to be found again if the agent dies before it. */
  vm?: ProcessIdentity;
}

export async function saveState(file: string, state: SavedState): Promise<void> {
  await writeFileAtomic(file, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
}

/** Undefined when nothing was saved, or when it cannot be understood (the agent writes it anew). */
export async function loadState(file: string): Promise<SavedState | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof value !== 'object' || value === null || !('status' in value)) return undefined;
    const { status } = value;
    const known = typeof status === 'object' && status !== null && 'name' in status && 'state' in status && 'phases' in status;
    return known ? (value as SavedState) : undefined;
  } catch {
    return undefined;
  }
}
