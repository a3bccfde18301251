import koffi from 'koffi';
import { closeSync, fstatSync, openSync, statfsSync, type BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { systemError } from './libc.ts';
import { O_PATH } from './open-in-root.ts';

/**
 * Files by descriptor: whoever holds one means the same file, whatever is renamed or swapped for a symlink meanwhile. Names are byte
 * strings (one character per byte), single parts of a path. Source: proc(5), /proc/pid/fd.
 */

/** What an open file is called to node:fs, or, with a name, something in an open directory; calls that follow no symlink stay in it. */
export function descriptorPath(fd: number, name?: string): Buffer {
  return Buffer.from(`/proc/self/fd/${fd}${name === undefined ? '' : `/${name}`}`, 'latin1');
}

/** Names something in an open directory, a symlink itself if it is one. The caller closes it. @throws an error with `code` */
export function openNamed(directory: number, name: string): number {
  return openSync(descriptorPath(directory, name), O_PATH | constants.O_NOFOLLOW);
}

/** Opens the directory that a descriptor names, to be listed. The caller closes it. @throws an error with `code`, `ENOTDIR` where it is none */
export function openDirectory(fd: number): number {
  return openSync(descriptorPath(fd), constants.O_RDONLY | constants.O_DIRECTORY);
}

export function statDescriptor(fd: number): BigIntStats {
  return fstatSync(fd, { bigint: true });
}

const library = koffi.load('libc.so.6');
const readlinkat = library.func('long readlinkat(int fd, const char *path, _Out_ uint8_t *buffer, size_t size)') as (fd: number, path: string, buffer: Buffer, size: number) => number;
const pipe2 = library.func('int pipe2(_Out_ int *ends, int flags)') as (ends: number[], flags: number) => number;

const fcntl = library.func('int fcntl(int fd, int command, int argument)') as (fd: number, command: number, argument: number) => number;

const F_SETPIPE_SZ = 1031;
const PIPE_BYTES = 1024 * 1024;
const PATH_LIMIT_BYTES = 4096;
const O_CLOEXEC = 0o2000000;

/** The target of a symlink that a descriptor names, as a byte string. @throws an error with `code` */
export function readLinkDescriptor(fd: number): string {
  const buffer = Buffer.alloc(PATH_LIMIT_BYTES);
  const length = readlinkat(fd, '', buffer, buffer.length);
  if (length < 0) throw systemError(koffi.errno(), 'readlinkat', `descriptor ${fd}`);
  return buffer.toString('latin1', 0, length);
}

/** Two ends of a roomy pipe, both blocking, which the caller closes. @throws an error with `code` */
export function makePipe(): { readEnd: number; writeEnd: number } {
  const ends = [0, 0];
  if (pipe2(ends, O_CLOEXEC) !== 0) throw systemError(koffi.errno(), 'pipe2', '');
  const [readEnd = -1, writeEnd = -1] = ends;
  // Where the machine does not allow this much, it stays as it is.
  fcntl(writeEnd, F_SETPIPE_SZ, PIPE_BYTES);
  return { readEnd, writeEnd };
}

/** File systems that show the kernel instead of holding files. Source: linux/magic.h. */
const KERNEL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x1cd1, 0x19800202, 0x64626720, 0x74726163, 0x73636673, 0xcafe4a11, 0x6165676c, 0xde5e81e4, 0x62656570, 0x42494e4d,
  0x6e736673, 0xf97cff8c, 0x65735543, 0x5346414f, 0x9041934,
]);

/** Whether what a descriptor names lies in procfs, sysfs, cgroups or another such file system. */
export function isKernelFile(fd: number): boolean {
  return KERNEL_FILE_SYSTEMS.has(statfsSync(descriptorPath(fd)).type);
}

/** Runs `work` with a descriptor, and closes it. */
export function withDescriptor<T>(fd: number, work: (fd: number) => T): T {
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}
