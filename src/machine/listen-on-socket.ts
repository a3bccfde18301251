import { chmod, lstat, rm } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { ConflictError } from '../api/errors.ts';

/**
 * Listens on a unix socket that only its owner may use (mode 0600), or on a named pipe. A socket that a dead process left
 * is replaced; anything else on the path is left alone.
 * @throws ConflictError when the path is in use.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (process.platform !== 'win32') await clearStaleSocket(path);
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once('error', (error: NodeJS.ErrnoException) => {
    reject(error.code === 'EADDRINUSE' ? new ConflictError(`${path} is in use by another process`, { cause: error }) : error);
  });
  // The umask makes the socket private from its first moment; a chmod afterwards would leave a gap.
  const formerMask = process.platform === 'win32' ? undefined : process.umask(0o177);
  try {
    server.listen(path, () => { resolve(undefined); });
  } finally {
    if (formerMask !== undefined) process.umask(formerMask);
  }
  await promise;
  if (process.platform !== 'win32') await chmod(path, 0o600);
}

/** @throws ConflictError when the path holds something that is not a dead socket. */
async function clearStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new ConflictError(`${path} is in the way and is not a socket (move it elsewhere)`);
  if (await answers(path)) throw new ConflictError(`${path} is in use by another process (end it, or choose another STRATA_HOME)`);
  await rm(path, { force: true });
}

async function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path, () => { resolve(true); });
  socket.on('error', () => { resolve(false); });
  const answer = await promise;
  socket.destroy();
  return answer;
}
