import koffi from 'koffi';
import { constants } from 'node:fs';

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
  if (rootFd < 0) throw systemError('open', root);
  try {
    const how = { flags: BigInt(flags | O_CLOEXEC), mode: BigInt(mode), resolve: BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS) };
    const fd = syscall(SYS_OPENAT2, rootFd, path === '' ? '/' : path, how, OPEN_HOW_BYTES);
    if (fd < 0) throw systemError('open', path);
    return fd;
  } finally {
    close(rootFd);
  }
}

const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;
/** The same number on every architecture: it is younger than the common table. */
const SYS_OPENAT2 = 437;
const OPEN_HOW_BYTES = 24;

const libc = koffi.load('libc.so.6');
koffi.struct('open_how', { flags: 'uint64_t', mode: 'uint64_t', resolve: 'uint64_t' });
const open = libc.func('int open(const char *path, int flags, unsigned int mode)') as (path: string, flags: number, mode: number) => number;
const close = libc.func('int close(int fd)') as (fd: number) => number;
const syscall = libc.func('long syscall(long number, int fd, const char *path, open_how *how, size_t size)') as (
  number: number, fd: number, path: string, how: object, size: number) => number;

function systemError(call: string, path: string): NodeJS.ErrnoException {
  const errno = koffi.errno();
  const code = Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `E${String(errno)}`;
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, errno: -errno, syscall: call, path });
}
