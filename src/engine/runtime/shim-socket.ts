import { closeSync, constants, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { AttachOptions } from './runtime.ts';

/** Longest path that fits in sun_path with its NUL (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Connects to the shim of a process. Half-close is kept.
 * @throws an error with `code` ENOENT or ECONNREFUSED when the shim has gone.
 */
export async function connectShim(processDirectory: string): Promise<Socket> {
  const direct = `${processDirectory}/shim.sock`;
  if (Buffer.byteLength(direct) <= MAX_SOCKET_PATH_BYTES) return connected(direct);
  // Too long for sun_path: go through a descriptor of the directory.
  const directory = openSync(processDirectory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await connected(`/proc/self/fd/${String(directory)}/shim.sock`);
  } finally {
    closeSync(directory);
  }
}

function connected(path: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ path, allowHalfOpen: true });
  socket.once('error', reject);
  socket.once('connect', () => {
    socket.off('error', reject);
    resolve(socket);
  });
  return promise;
}

/** Joins the process's streams. The shim has taken us in when this resolves: all later output reaches us. */
export async function attachShim(processDirectory: string, options: AttachOptions): Promise<Socket> {
  const socket = await connectShim(processDirectory);
  socket.write(`A${options.stdin ? 'i' : ''}${options.stdout ? 'o' : ''}${options.stderr ? 'e' : ''}\n`);
  await acknowledgement(socket);
  return socket;
}

/** Joins as the watcher, who hears of the end and may resize and signal. */
export async function watchShim(processDirectory: string): Promise<Socket> {
  const socket = await connectShim(processDirectory);
  socket.write('W\n');
  await acknowledgement(socket);
  return socket;
}

/** Waits for the shim's `+` and puts back what came right behind it. */
function acknowledgement(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const gone = (): void => { settle(() => { reject(Object.assign(new Error('shim closed the connection'), { code: 'ECONNREFUSED' })); }); };
  const readable = (): void => {
    const first = socket.read(1) as Buffer | null;
    if (first !== null) settle(() => { resolve(undefined); });
  };
  const settle = (then: () => void): void => {
    socket.off('readable', readable).off('end', gone).off('error', gone).off('close', gone);
    then();
  };
  socket.on('readable', readable).on('end', gone).on('error', gone).on('close', gone);
  return promise;
}
