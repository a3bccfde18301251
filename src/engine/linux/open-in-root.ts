import koffi from 'koffi';
import { constants } from 'node:fs';
import { systemError } from './libc.ts';

/**
 * Opens `path` as a process chrooted into `root` would: absolute paths, `..` and every symlink on the way stay inside, however
 * the tree is changed meanwhile. Source: openat2(2), RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS (Linux 5.6).
 * @param root a directory
 * @param flags open(2) flags; O_CLOEXEC is added
 * @returns a file descriptor that the caller closes
 * @throws an error with `code` (`ENOENT`, `ELOOP`, `ENOTDIR` …), as node:fs does
 */
export function openInRoot(root: string, path: string, flags: number = constants.O_RDONLY, mode = 0): number {
  const rootFd = open(root, O_PATH | constants.O_DIRECTORY | O_CLOEXEC, 0);
  if (rootFd < 0) throw systemError(koffi.errno(), 'open', root);
  try {
    return openBelow(rootFd, Buffer.from(path), flags, mode);
  } finally {
    close(rootFd);
  }
}

/** As `openInRoot`, for a root that is open already and a path of any bytes. */
export function openBelow(rootFd: number, path: Buffer, flags: number, mode = 0): number {
  const how = { flags: BigInt(flags | O_CLOEXEC), mode: BigInt(mode), resolve: BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS) };
  const bytes = Buffer.concat([path.length === 0 ? Buffer.from('/') : path, NUL]);
  for (let attempt = 1; ; attempt += 1) {
    const fd = syscall(SYS_OPENAT2, rootFd, bytes, how, OPEN_HOW_BYTES);
    if (fd >= 0) return fd;
    const error = systemError(koffi.errno(), 'open', path.toString());
    // The kernel gives up when something is renamed in the moment in which it follows a `..`, and asks to be called again.
    if (error.code !== 'EAGAIN' || attempt === ATTEMPTS) throw error;
  }
}

/** Names a file without opening it: good for looking at it and for finding what is below it. Not among node:fs' constants. */
export const O_PATH = 0o10000000;

const O_CLOEXEC = 0o2000000;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;
/** The same number on every architecture: it is younger than the common table. */
const SYS_OPENAT2 = 437;
const OPEN_HOW_BYTES = 24;
const ATTEMPTS = 1000;
const NUL = Buffer.from([0]);

const libc = koffi.load('libc.so.6');
koffi.struct('open_how', { flags: 'uint64_t', mode: 'uint64_t', resolve: 'uint64_t' });
const open = libc.func('int open(const char *path, int flags, unsigned int mode)') as (path: string, flags: number, mode: number) => number;
const close = libc.func('int close(int fd)') as (fd: number) => number;
const syscall = libc.func('long syscall(long number, int fd, const uint8_t *path, open_how *how, size_t size)') as (
  number: number, fd: number, path: Buffer, how: object, size: number) => number;
