import koffi from 'koffi';

/** The C library, for the kernel calls that Node has not. Synchronous: each takes microseconds, and some must stay on this thread. */
const library = koffi.load('libc.so.6');

export const libc = {
  mount: library.func('int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)') as (
    source: string, target: string, type: string, flags: number, data: string | null) => number,
  umount2: library.func('int umount2(const char *target, int flags)') as ((target: string, flags: number) => number)
    & { async: (target: string, flags: number, done: (error: unknown, result: number) => void) => void },
  unshare: library.func('int unshare(int flags)') as (flags: number) => number,
  setns: library.func('int setns(int fd, int type)') as (fd: number, type: number) => number,
  socket: library.func('int socket(int domain, int type, int protocol)') as (domain: number, type: number, protocol: number) => number,
  connect: library.func('int connect(int fd, const uint8_t *address, unsigned int length)') as (fd: number, address: Uint8Array, length: number) => number,
  send: library.func('long send(int fd, const uint8_t *data, size_t length, int flags)') as (fd: number, data: Uint8Array, length: number, flags: number) => number,
  recv: library.func('long recv(int fd, _Out_ uint8_t *data, size_t length, int flags)') as (fd: number, data: Uint8Array, length: number, flags: number) => number,
  malloc_trim: library.func('int malloc_trim(size_t pad)') as (pad: number) => number,
  bind: library.func('int bind(int fd, const uint8_t *address, uint32_t length)') as (fd: number, address: Uint8Array, length: number) => number,
  listen: library.func('int listen(int fd, int backlog)') as (fd: number, backlog: number) => number,
  setsockopt: library.func('int setsockopt(int fd, int level, int name, const int *value, uint32_t length)') as (fd: number, level: number, name: number, value: number[], length: number) => number,
  flock: library.func('int flock(int fd, int operation)') as (fd: number, operation: number) => number,
};

/** The error of the call that has just failed, in the shape of node:fs errors (`code`, `errno`, `syscall`). */
export function lastError(syscall: string, subject: string): NodeJS.ErrnoException {
  return systemError(koffi.errno(), syscall, subject);
}

export function systemError(errno: number, syscall: string, subject: string): NodeJS.ErrnoException {
  const code = Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${String(errno)}`;
  return Object.assign(new Error(`${syscall} ${subject}: ${code}`), { code, errno: -errno, syscall });
}
