import koffi from 'koffi';
import { closeSync } from 'node:fs';
import { isIP } from 'node:net';
import { lastError, libc, systemError } from './libc.ts';
import { inNetworkNamespace } from './network-namespace.ts';

/** Sockets that live in another network namespace than this thread: a socket belongs for ever to the one in which it was opened. */
const library = koffi.load('libc.so.6');
const bind = library.func('int bind(int fd, const uint8_t *address, uint32_t length)') as (fd: number, address: Uint8Array, length: number) => number;
const listen = library.func('int listen(int fd, int backlog)') as (fd: number, backlog: number) => number;
const connect = library.func('int connect(int fd, const uint8_t *address, uint32_t length)') as (fd: number, address: Uint8Array, length: number) => number;

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const BACKLOG = 64;

export interface SocketAddress {
  /** An IP address. */
  address: string;
  port: number;
}

export type SocketKind = 'udp' | 'tcp';

/**
 * A bound socket, listening where it is of a connection-oriented kind. The caller owns the descriptor.
 * @param namespace file that holds the namespace; undefined: this thread's own
 * @throws an error with `code` (`EADDRINUSE` …)
 */
export function openBoundSocket(namespace: string | undefined, kind: SocketKind, at: SocketAddress): number {
  return opened(namespace, kind, at, (fd, address) => {
    if (bind(fd, address, address.length) !== 0) throw lastError('bind', at.address);
    if (kind === 'tcp' && listen(fd, BACKLOG) !== 0) throw lastError('listen', at.address);
  });
}

/**
 * A TCP connection that is under way: whoever reads or writes hears how it went. The caller owns the descriptor.
 * @throws an error with `code` (`ENETUNREACH` …)
 */
export function openConnection(namespace: string | undefined, to: SocketAddress): number {
  return opened(namespace, 'tcp', to, (fd, address) => {
    if (connect(fd, address, address.length) === 0 || koffi.errno() === koffi.os.errno['EINPROGRESS']) return;
    throw lastError('connect', to.address);
  });
}

/** A UDP socket that can talk to addresses of this family, bound to nothing yet. The caller owns the descriptor. */
export function openUdpSocket(namespace: string | undefined, family: 4 | 6): number {
  return opened(namespace, 'udp', { address: family === 4 ? '0.0.0.0' : '::', port: 0 }, () => undefined);
}

function opened(namespace: string | undefined, kind: SocketKind, peer: SocketAddress, prepare: (fd: number, address: Buffer) => void): number {
  const address = packAddress(peer);
  const type = (kind === 'udp' ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const open = (): number => libc.socket(address.readUInt16LE(0), type, 0);
  const fd = namespace === undefined ? open() : inNetworkNamespace(namespace, open);
  if (fd < 0) throw lastError('socket', kind);
  try {
    prepare(fd, address);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** struct sockaddr_in, struct sockaddr_in6. Sources: ip(7), ipv6(7). */
function packAddress({ address, port }: SocketAddress): Buffer {
  const raw = addressBytes(address);
  const bytes = Buffer.alloc(raw.length === 4 ? 16 : 28);
  bytes.writeUInt16LE(raw.length === 4 ? AF_INET : AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(raw, raw.length === 4 ? 4 : 8);
  return bytes;
}

/** The four or sixteen bytes of an IP address in any of its spellings. @throws an error with code `EINVAL` */
export function addressBytes(address: string): Buffer {
  const plain = address.replace(/%.*$/, '');
  const family = isIP(plain);
  if (family === 0) throw systemError(koffi.os.errno['EINVAL'] ?? 0, 'address', address);
  if (family === 4) return Buffer.from(plain.split('.').map(Number));
  // The URL parser knows every spelling of IPv6 and writes one.
  const [head = '', tail = ''] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return Buffer.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 255]));
}
