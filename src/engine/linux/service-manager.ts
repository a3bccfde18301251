import { closeSync } from 'node:fs';
import { InvalidArgumentError } from '../../api/errors.ts';
import { lastError, libc } from './libc.ts';

const FIRST_DESCRIPTOR = 3;
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const PATH_BYTES = 107;

/**
 * Descriptors of the sockets that a service manager has opened for this process, in its order. Asked once: no child is to see the variables.
 * @throws InvalidArgumentError when there are none
 * Source: sd_listen_fds(3).
 */
export function inheritedSockets(env: NodeJS.ProcessEnv = process.env): number[] {
  const count = env['LISTEN_PID'] === String(process.pid) ? Number(env['LISTEN_FDS']) : 0;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) Reflect.deleteProperty(env, name);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('no sockets were passed by a service manager: --host fd:// is for systemd socket units; give --host unix:///path instead');
  return Array.from({ length: count }, (_none, index) => FIRST_DESCRIPTOR + index);
}

/**
 * Takes the address of the service manager out of the environment: an OCI runtime that finds it there waits for its container to report.
 * @returns tells the manager a state, such as `READY=1`, and throws an error with `code` when that cannot be done; does nothing where there is none
 * Source: sd_notify(3).
 */
export function takeServiceManager(env: NodeJS.ProcessEnv = process.env): (state: string) => void {
  const address = env['NOTIFY_SOCKET'];
  Reflect.deleteProperty(env, 'NOTIFY_SOCKET');
  if (address === undefined || !/^[/@]/.test(address) || Buffer.byteLength(address) > PATH_BYTES) return () => undefined;
  return (state) => { sendTo(address, Buffer.from(state)); };
}

function sendTo(address: string, message: Buffer): void {
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw lastError('socket', address);
  try {
    const family = Buffer.alloc(2);
    family.writeUInt16LE(AF_UNIX);
    const name = Buffer.concat([family, Buffer.from(address.replace(/^@/, '\0'))]);
    if (libc.connect(fd, name, name.length) !== 0) throw lastError('connect', address);
    if (libc.send(fd, message, message.length, 0) < 0) throw lastError('send', address);
  } finally {
    closeSync(fd);
  }
}
