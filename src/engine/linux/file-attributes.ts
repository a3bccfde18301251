import koffi from 'koffi';
import { systemError } from './libc.ts';

/**
 * What node:fs has no calls for: extended attributes, device nodes, the sync of one file system. Paths are bytes, because a name need not be
 * UTF-8. Nothing here follows a symlink in the last place.
 */
export type BytePath = Buffer;

const library = koffi.load('libc.so.6');
const lsetxattr = library.func('int lsetxattr(const uint8_t *path, const char *name, const uint8_t *value, size_t size, int flags)') as (
  path: Buffer, name: string, value: Buffer, size: number, flags: number) => number;
const lgetxattr = library.func('long lgetxattr(const uint8_t *path, const char *name, _Out_ uint8_t *value, size_t size)') as (
  path: Buffer, name: string, value: Buffer, size: number) => number;
const setxattr = library.func('int setxattr(const uint8_t *path, const char *name, const uint8_t *value, size_t size, int flags)') as typeof lsetxattr;
const getxattr = library.func('long getxattr(const uint8_t *path, const char *name, _Out_ uint8_t *value, size_t size)') as typeof lgetxattr;
const listxattr = library.func('long listxattr(const uint8_t *path, _Out_ uint8_t *list, size_t size)') as (path: Buffer, list: Buffer, size: number) => number;
const llistxattr = library.func('long llistxattr(const uint8_t *path, _Out_ uint8_t *list, size_t size)') as (path: Buffer, list: Buffer, size: number) => number;
const mknod = library.func('int mknod(const uint8_t *path, unsigned int mode, uint64_t device)') as (path: Buffer, mode: number, device: bigint) => number;
const syncfs = library.func('int syncfs(int fd)') as { async: (fd: number, done: (error: unknown, result: number) => void) => void };

const NUL = Buffer.from([0]);
/** XATTR_SIZE_MAX and XATTR_LIST_MAX. */
const XATTR_LIMIT_BYTES = 65536;

/** @throws an error with `code` (`ENOTSUP` where the file system has none), as node:fs does */
export function setXattr(path: BytePath, name: string, value: Buffer): void {
  if (lsetxattr(Buffer.concat([path, NUL]), name, value, value.length, 0) !== 0) throw systemError(koffi.errno(), 'lsetxattr', `${path.toString()} ${name}`);
}

/** @returns undefined when the file has no such attribute. @throws an error with `code` */
export function getXattr(path: BytePath, name: string): Buffer | undefined {
  const value = Buffer.alloc(XATTR_LIMIT_BYTES);
  const size = lgetxattr(Buffer.concat([path, NUL]), name, value, value.length);
  if (size >= 0) return value.subarray(0, size);
  const error = systemError(koffi.errno(), 'lgetxattr', `${path.toString()} ${name}`);
  if (error.code === 'ENODATA' || error.code === 'ENOTSUP' || error.code === 'EOPNOTSUPP') return undefined;
  throw error;
}

/** @throws an error with `code` */
export function listXattrs(path: BytePath): string[] {
  const list = Buffer.alloc(XATTR_LIMIT_BYTES);
  const size = llistxattr(Buffer.concat([path, NUL]), list, list.length);
  if (size < 0) throw systemError(koffi.errno(), 'llistxattr', path.toString());
  return list.toString('utf8', 0, size).split('\0').filter((name) => name !== '');
}

/** What an open file carries, by the kernel's names; of a symlink that is open by O_PATH its own. None where the file system has none. @throws an error with `code` */
export function xattrsOfDescriptor(fd: number): ReadonlyMap<string, Buffer> {
  const path = Buffer.from(`/proc/self/fd/${fd}\0`);
  const size = listxattr(path, scratch, scratch.length);
  if (size === 0) return NO_XATTRS;
  if (size < 0) return absent('listxattr', fd);
  const found = new Map<string, Buffer>();
  for (const name of scratch.toString('utf8', 0, size).split('\0').filter((each) => each !== '')) {
    const length = getxattr(path, name, scratch, scratch.length);
    if (length >= 0) found.set(name, Buffer.from(scratch.subarray(0, length)));
    else absent('getxattr', fd);
  }
  return found;
}

/** @throws an error with `code` */
export function setXattrOfDescriptor(fd: number, name: string, value: Buffer): void {
  if (setxattr(Buffer.from(`/proc/self/fd/${fd}\0`), name, value, value.length, 0) !== 0) throw systemError(koffi.errno(), 'setxattr', name);
}

const scratch = Buffer.alloc(XATTR_LIMIT_BYTES);
const NO_XATTRS: ReadonlyMap<string, Buffer> = new Map();

function absent(call: string, fd: number): ReadonlyMap<string, Buffer> {
  const error = systemError(koffi.errno(), call, `descriptor ${fd}`);
  if (error.code === 'ENODATA' || error.code === 'ENOTSUP' || error.code === 'EOPNOTSUPP' || error.code === 'EPERM') return NO_XATTRS;
  throw error;
}

/** @param mode file type and permission bits, as in `stat`. @throws an error with `code` */
export function makeNode(path: BytePath, mode: number, device: { major: number; minor: number } = { major: 0, minor: 0 }): void {
  if (mknod(Buffer.concat([path, NUL]), mode, deviceNumber(device)) !== 0) throw systemError(koffi.errno(), 'mknod', path.toString());
}

/** glibc's makedev. Source: makedev(3), gnu_dev_makedev. */
function deviceNumber({ major, minor }: { major: number; minor: number }): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return ((high & 0xfffn) << 8n) | ((high & ~0xfffn) << 32n) | (low & 0xffn) | ((low & ~0xffn) << 12n);
}

/** Waits until everything written so far to the file system of an open file is on the disk. @throws Error */
export function syncFileSystem(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    syncfs.async(fd, (error, result) => {
      if (error !== null && error !== undefined) reject(error instanceof Error ? error : new Error('syncfs failed'));
      else if (result !== 0) reject(new Error('syncfs failed: the disk could not take all that was written'));
      else resolve();
    });
  });
}
