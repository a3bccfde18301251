import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { ConflictError } from '../api/errors.ts';
import { isSameProcess, startTimeOf, type ProcessIdentity } from './process-identity.ts';

/**
 * The right to be a machine's only agent: a file that names the process which holds it. It appears whole (written elsewhere,
 * then linked), so that nobody reads half of it. A holder that has died is found out by its pid and start time.
 */
export class MachineLock implements AsyncDisposable {
  readonly #file: string;
  #held = true;

  private constructor(file: string) {
    this.#file = file;
  }

  /** @throws ConflictError when a living process holds it. */
  static async acquire(file: string): Promise<MachineLock> {
    const mine: ProcessIdentity = { pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? '' };
    const draft = `${file}.${String(process.pid)}`;
    await writeFile(draft, `${JSON.stringify(mine)}\n`, { mode: 0o600 });
    try {
      // A second round is needed only after a stale lock was put away.
      for (let round = 0; round < 5; round += 1) {
        if (await linkIfAbsent(draft, file)) return new MachineLock(file);
        const inode = await inodeOf(file);
        const holder = await lockHolder(file);
        if (holder !== undefined) throw new ConflictError(`the machine has an agent already: pid ${String(holder.pid)} holds ${file}`);
        if (inode !== undefined) await putAway(file, inode);
      }
      throw new ConflictError(`cannot take ${file}: others are taking it at the same time`);
    } finally {
      await rm(draft, { force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    await rm(this.#file, { force: true });
  }
}

/** The living process that holds the lock; undefined when there is none or its holder has died. */
export async function lockHolder(file: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const identity = text === undefined ? undefined : parseIdentity(text);
  return identity !== undefined && (await isSameProcess(identity)) ? identity : undefined;
}

function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('startTime' in value)) return undefined;
    const { pid, startTime } = value;
    return typeof pid === 'number' && Number.isInteger(pid) && pid > 0 && typeof startTime === 'string' ? { pid, startTime } : undefined;
  } catch {
    return undefined;
  }
}

/** Moves the stale file aside; puts it back if it was not the one that was judged. */
async function putAway(file: string, judgedInode: bigint): Promise<void> {
  const aside = `${file}.stale-${String(process.pid)}`;
  const moved = await rename(file, aside).then(() => true, () => false);
  if (!moved) return;
  if ((await inodeOf(aside)) !== judgedInode) await linkIfAbsent(aside, file);
  await rm(aside, { force: true });
}

async function linkIfAbsent(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function inodeOf(file: string): Promise<bigint | undefined> {
  return (await stat(file, { bigint: true }).catch(() => undefined))?.ino;
}
