import { promisify } from 'node:util';
import type { Mount } from '../snapshots/mount.ts';
import { lastError, libc } from './libc.ts';

const MNT_DETACH = 2;

/** Flags of mount(2) by their fstab names. `clear` names take a flag away. */
const FLAGS: Readonly<Record<string, number>> = {
  ro: 1, nosuid: 2, nodev: 4, noexec: 8, sync: 16, remount: 32, dirsync: 128, noatime: 1024, nodiratime: 2048,
  bind: 4096, rbind: 4096 | 16384, relatime: 1 << 21, strictatime: 1 << 24, lazytime: 1 << 25,
};
const PROPAGATION: Readonly<Record<string, number>> = {
  unbindable: 1 << 17, private: 1 << 18, slave: 1 << 19, shared: 1 << 20,
  runbindable: (1 << 17) | 16384, rprivate: (1 << 18) | 16384, rslave: (1 << 19) | 16384, rshared: (1 << 20) | 16384,
};
const CLEAR: Readonly<Record<string, string>> = { rw: 'ro', suid: 'nosuid', dev: 'nodev', exec: 'noexec', atime: 'noatime' };
const MS_BIND = 4096;
const MS_REMOUNT = 32;
const MS_REC = 16384;

export interface ParsedOptions {
  flags: number;
  propagation: number;
  data: string;
}

/** fstab options to the arguments of mount(2): flags, propagation, and what the file system itself reads. Pure. */
export function parseMountOptions(options: readonly string[]): ParsedOptions {
  let flags = 0;
  let propagation = 0;
  const data: string[] = [];
  for (const option of options) {
    const cleared = CLEAR[option];
    if (option in FLAGS) flags |= FLAGS[option] ?? 0;
    else if (option in PROPAGATION) propagation |= PROPAGATION[option] ?? 0;
    else if (cleared !== undefined) flags &= ~(FLAGS[cleared] ?? 0);
    else if (option !== '' && option !== 'defaults') data.push(option);
  }
  return { flags, propagation, data: data.join(',') };
}

/**
 * Makes one mount at `target`, which must exist. A read-only bind takes a second call, as mount(2) wants it.
 * @throws an error with `code`, as node:fs does; nothing stays mounted then
 */
export function mount(what: Mount, target: string): void {
  if (what.directory === undefined) mountHere(what, target);
  else inDirectory(what.directory, () => { mountHere(what, target); });
}

/**
 * Relative paths in overlay's options start from the working directory of the calling thread. Nothing else can run on this thread
 * meanwhile, and the engine uses absolute paths everywhere.
 */
function inDirectory(directory: string, work: () => void): void {
  const before = process.cwd();
  process.chdir(directory);
  try {
    work();
  } finally {
    process.chdir(before);
  }
}

function mountHere(what: Mount, target: string): void {
  const { flags, propagation, data } = parseMountOptions(what.type === 'bind' ? ['bind', ...what.options] : what.options);
  const isBind = (flags & MS_BIND) !== 0;
  if (libc.mount(what.source, target, what.type === 'bind' ? 'none' : what.type, isBind ? flags & (MS_BIND | MS_REC) : flags, isBind || data === '' ? null : data) !== 0) {
    throw lastError('mount', `${what.type} at ${target}`);
  }
  try {
    changeMount(target, { restrictions: isBind ? flags & ~(MS_BIND | MS_REC) : 0, propagation });
  } catch (error) {
    libc.umount2(target, MNT_DETACH);
    throw error;
  }
}

/** What a mount that is there forbids, and how it spreads: each takes a call of its own. `target` names its root. @throws an error with `code` */
export function changeMount(target: string, { restrictions, propagation }: { restrictions: number; propagation: number }): void {
  if (restrictions !== 0 && libc.mount('none', target, 'none', MS_REMOUNT | MS_BIND | restrictions, null) !== 0) throw lastError('remount', target);
  if (propagation !== 0 && libc.mount('none', target, 'none', propagation, null) !== 0) throw lastError('mount propagation', target);
}

/** All mounts of a snapshot in order, each over the one before; undone on failure. */
export function mountAll(mounts: readonly Mount[], target: string): void {
  let done = 0;
  try {
    for (const each of mounts) {
      mount(each, target);
      done += 1;
    }
  } catch (error) {
    for (; done > 0; done -= 1) libc.umount2(target, MNT_DETACH);
    throw error;
  }
}

const umountAsync = promisify(libc.umount2.async);

/**
 * Unmounts what is on top at `target`, lazily: it goes when its last user goes. Off the main thread, since a file system may
 * have to write first.
 * @returns false when nothing was mounted there
 */
export async function unmount(target: string): Promise<boolean> {
  if ((await umountAsync(target, MNT_DETACH)) === 0) return true;
  // The asynchronous call cannot tell its errno: ask once more here.
  if (libc.umount2(target, MNT_DETACH) === 0) return true;
  const error = lastError('umount', target);
  if (error.code === 'EINVAL' || error.code === 'ENOENT') return false;
  throw error;
}

/** Unmounts everything that is stacked at `target`. Idempotent. */
export async function unmountAll(target: string): Promise<void> {
  while (await unmount(target));
}
