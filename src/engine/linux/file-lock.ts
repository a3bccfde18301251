import { closeSync, constants, openSync } from 'node:fs';
import { lastError, libc } from './libc.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Takes the exclusive lock on a file, which is made if it is not there. The kernel gives it back when this process ends, however.
 * Source: flock(2).
 * @returns undefined when another process holds it
 */
export function tryLock(path: string): Disposable | undefined {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) return { [Symbol.dispose]: () => { closeSync(fd); } };
  const error = lastError('flock', path);
  closeSync(fd);
  if (error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK') return undefined;
  throw error;
}
