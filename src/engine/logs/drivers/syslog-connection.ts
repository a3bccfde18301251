import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectStream, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { InternalError } from '../../../api/errors.ts';
import { UnixDatagram } from '../../linux/unix-datagram.ts';
import { sendInTurn } from './datagram-lane.ts';
import type { SyslogAddress } from './syslog-address.ts';

/** Where the machine's own syslog listens. Source: syslog(3), srslog. */
const LOCAL_PATHS = ['/dev/log', '/var/run/syslog', '/var/run/log'];
const CONNECT_TIMEOUT_MS = 10_000;

export interface SyslogConnection {
  send(messages: readonly Buffer[]): Promise<void>;
  close(): void;
}

export interface SyslogTls {
  ca?: string;
  cert?: string;
  key?: string;
  skipVerify: boolean;
}

/** @throws InternalError as Go tells what keeps a connection from being made */
export async function connectSyslog(address: SyslogAddress, tls: SyslogTls): Promise<SyslogConnection> {
  if (address.kind === 'default') return connectLocal();
  if (address.kind === 'unixgram') return datagrams(UnixDatagram.connect(address.path));
  if (address.kind === 'udp') return connectUdp(address);
  const target = address.kind === 'unix' ? address.path : `${address.host.includes(':') ? `[${address.host}]` : address.host}:${String(address.port)}`;
  const socket = address.kind === 'unix' ? connectStream(address.path)
    : address.kind === 'tcp' ? connectStream(address.port, address.host)
      : connectTls({ host: address.host, port: address.port, ...readTls(tls), rejectUnauthorized: !tls.skipVerify });
  try {
    await once(socket, address.kind === 'tcp+tls' ? 'secureConnect' : 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
  } catch (cause) {
    socket.destroy();
    throw new InternalError(`dial ${address.kind} ${target}: ${dialFailure(cause)}`, { cause });
  }
  return stream(socket);
}

function connectLocal(): SyslogConnection {
  for (const path of LOCAL_PATHS) {
    try {
      return datagrams(UnixDatagram.connect(path));
    } catch {
      // The next may be there.
    }
  }
  throw new InternalError('Unix syslog delivery error');
}

function datagrams(socket: UnixDatagram): SyslogConnection {
  return { send: (messages) => sendInTurn(socket, messages), close: () => { socket.close(); } };
}

async function connectUdp({ host, port }: { host: string; port: number }): Promise<SyslogConnection> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  socket.unref();
  // Nobody listens there: as with every datagram, that is not for us to know.
  socket.on('error', () => undefined);
  socket.connect(port, host);
  await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) }).catch((cause: unknown) => {
    socket.close();
    throw new InternalError(`dial udp ${host}:${String(port)}: ${dialFailure(cause)}`, { cause });
  });
  return {
    send: async (messages) => {
      for (const message of messages) {
        const { promise, resolve } = Promise.withResolvers<undefined>();
        socket.send(message, () => { resolve(undefined); });
        await promise;
      }
    },
    close: () => { socket.close(); },
  };
}

function stream(socket: Socket): SyslogConnection {
  socket.unref();
  let failure: Error | undefined;
  socket.on('error', (error) => { failure = error; });
  socket.on('close', () => { failure ??= new Error('the connection was closed'); });
  socket.resume();
  return {
    send: (messages) => {
      if (failure) return Promise.reject(failure);
      const { promise, resolve, reject } = Promise.withResolvers<undefined>();
      socket.write(Buffer.concat(messages), (error) => { if (error) reject(error); else resolve(undefined); });
      return promise;
    },
    close: () => { socket.end(); },
  };
}

function readTls({ ca, cert, key }: SyslogTls): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  return {
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }), ...(cert === undefined ? {} : { cert: readFileSync(cert) }), ...(key === undefined ? {} : { key: readFileSync(key) }),
  };
}

const WORDS: Readonly<Record<string, string>> = { ECONNREFUSED: 'connect: connection refused', EHOSTUNREACH: 'connect: no route to host', ENETUNREACH: 'connect: network is unreachable', ABORT_ERR: 'i/o timeout' };

function dialFailure(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return ('code' in cause && typeof cause.code === 'string' ? WORDS[cause.code] : undefined) ?? cause.message;
}
