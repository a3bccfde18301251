import { chmod, chown, lstat, mkdir, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { dirname } from 'node:path';
import type { Logger } from '../../base/log.ts';
import { ConflictError, InvalidArgumentError } from '../../api/errors.ts';
import type { ListenAddress } from '../config.ts';

export interface TlsFiles {
  ca: string;
  cert: string;
  key: string;
}

/**
 * Listens on one address and hands every connection to `accept`.
 * A unix socket that nobody answers on is a leftover and is replaced; one that answers is another engine's: ConflictError.
 * The socket file belongs to root and to the group `docker` or `strata` where one exists, mode 0660.
 */
export async function listen(address: Exclude<ListenAddress, { kind: 'inherited' }>, options: { tls?: TlsFiles; accept: (socket: Socket) => void; log: Logger }): Promise<Server> {
  if (address.kind === 'unix') {
    await clearStaleSocket(address.path);
    await mkdir(dirname(address.path), { recursive: true });
  }
  const server = await createListener(address, options);
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once('error', reject);
  if (address.kind === 'unix') server.listen({ path: address.path }, () => { resolve(undefined); });
  else server.listen({ host: address.host, port: address.port }, () => { resolve(undefined); });
  await promise;
  server.off('error', reject);
  server.on('error', (error) => { options.log.error('listener failed', { error }); });
  if (address.kind === 'unix') await restrictSocket(address.path);
  return server;
}

/**
 * Listens on a socket that a service manager has opened; its file, owner and mode are the manager's affair.
 * @throws InvalidArgumentError for anything but a unix socket: whoever can connect has root, and nothing asks who it is
 */
export async function listenInherited(fd: number, options: { accept: (socket: Socket) => void; log: Logger }): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: false }, options.accept);
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once('error', reject);
  server.listen({ fd }, () => { resolve(undefined); });
  await promise;
  server.off('error', reject);
  server.on('error', (error) => { options.log.error('listener failed', { error }); });
  const address = server.address();
  if (typeof address === 'object' && address !== null) {
    server.close();
    throw new InvalidArgumentError(`refusing to listen on the socket of ${address.address}:${String(address.port)} that the service manager passes: TCP needs --host tcp://… with --tlscacert, --tlscert and --tlskey`);
  }
  return server;
}

async function createListener(address: Parameters<typeof listen>[0], options: { tls?: TlsFiles; accept: (socket: Socket) => void }): Promise<Server> {
  if (address.kind === 'unix') return createServer({ allowHalfOpen: true, pauseOnConnect: false }, options.accept);
  if (!options.tls) throw new InvalidArgumentError(`refusing to listen on tcp://${address.host}:${String(address.port)} without TLS: give --tlscacert, --tlscert and --tlskey`);
  const [ca, cert, key] = await Promise.all([readFile(options.tls.ca), readFile(options.tls.cert), readFile(options.tls.key)]);
  return createTlsServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true, allowHalfOpen: true, minVersion: 'TLSv1.2' }, options.accept);
}

async function clearStaleSocket(path: string): Promise<void> {
  const info = await lstat(path).catch(() => undefined);
  if (!info) return;
  if (!info.isSocket()) throw new ConflictError(`cannot listen on ${path}: a file that is no socket is there; remove it or choose another --host`);
  if (await answers(path)) throw new ConflictError(`cannot listen on ${path}: another process listens there; stop it or choose another --host`);
  await rm(path, { force: true });
}

async function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect({ path });
  probe.once('connect', () => { probe.destroy(); resolve(true); });
  probe.once('error', () => { resolve(false); });
  return promise;
}

async function restrictSocket(path: string): Promise<void> {
  const groups = await readFile('/etc/group', 'utf8').catch(() => '');
  const gid = ['docker', 'strata'].flatMap((name) => groups.split('\n').filter((line) => line.startsWith(`${name}:`)).map((line) => Number(line.split(':')[2])))[0];
  if (gid !== undefined && Number.isInteger(gid)) await chown(path, 0, gid);
  await chmod(path, 0o660);
}
