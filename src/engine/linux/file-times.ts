import koffi from 'koffi';
import { systemError } from './libc.ts';

/** Times of files to the nanosecond, which node:fs takes as fractions of seconds and so cannot say. Source: utimensat(2). */
export interface Moment {
  /** Whole seconds since the epoch. */
  mtime: number;
  mtimeNanoseconds?: number;
}

const library = koffi.load('libc.so.6');
const utimensat = library.func('int utimensat(int directory, const uint8_t *path, const int64_t *times, int flags)') as (directory: number, path: Uint8Array, times: BigInt64Array, flags: number) => number;
const futimens = library.func('int futimens(int fd, const int64_t *times)') as (fd: number, times: BigInt64Array) => number;

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const NUL = Buffer.from([0]);
/** Two of struct timespec: of access and of change. */
const times = new BigInt64Array(4);

/** Sets both times of a file; of a symlink its own, unless it is to be followed. @throws an error with `code` */
export function setTimes(path: Buffer, moment: Moment, options: { follow?: boolean } = {}): void {
  if (utimensat(AT_FDCWD, Buffer.concat([path, NUL]), timesOf(moment), options.follow === true ? 0 : AT_SYMLINK_NOFOLLOW) !== 0) throw systemError(koffi.errno(), 'utimensat', path.toString());
}

/** As `setTimes`, of an open file. @throws an error with `code` */
export function setTimesOfDescriptor(fd: number, moment: Moment): void {
  if (futimens(fd, timesOf(moment)) !== 0) throw systemError(koffi.errno(), 'futimens', `descriptor ${fd}`);
}

function timesOf({ mtime, mtimeNanoseconds = 0 }: Moment): BigInt64Array {
  times[0] = times[2] = BigInt(mtime);
  times[1] = times[3] = BigInt(mtimeNanoseconds);
  return times;
}
