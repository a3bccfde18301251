import { closeSync } from 'node:fs';
import { lastError, libc } from './libc.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPPROTO_SCTP = 132;
const IPV6_V6ONLY = 26;
const BACKLOG = 511;

export interface SocketAddress {
  protocol: 'tcp' | 'udp' | 'sctp';
  /** 4 or 16 bytes in network byte order. */
  address: Buffer;
  port: number;
}

/**
 * A socket that holds an address and port of this machine, so that no other program can have them. Synchronous: some microseconds.
 * @returns its descriptor, which the caller closes; undefined where the kernel does not have the protocol, so that nobody else can have the port either
 * @throws an error with `code` (`EADDRINUSE`, `EADDRNOTAVAIL` …)
 */
export function bindSocket({ protocol, address, port }: SocketAddress): number | undefined {
  const family = address.length === 4 ? AF_INET : AF_INET6;
  const type = { tcp: SOCK_STREAM, udp: SOCK_DGRAM, sctp: SOCK_SEQPACKET }[protocol];
  const subject = `${protocol} port ${String(port)}`;
  const fd = libc.socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol === 'sctp' ? IPPROTO_SCTP : 0);
  if (fd < 0) {
    const error = lastError('socket', subject);
    if (error.code === 'EPROTONOSUPPORT' || error.code === 'ESOCKTNOSUPPORT' || error.code === 'EAFNOSUPPORT') return undefined;
    throw error;
  }
  try {
    // As every server does: what is left of old connections does not count. A socket that listens still keeps others out.
    if (protocol === 'tcp' && libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, [1], 4) !== 0) throw lastError('setsockopt', subject);
    if (family === AF_INET6 && libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, [1], 4) !== 0) throw lastError('setsockopt', subject);
    const bytes = encodeAddress(family, address, port);
    if (libc.bind(fd, bytes, bytes.length) !== 0) throw lastError('bind', subject);
    if (protocol === 'tcp' && libc.listen(fd, BACKLOG) !== 0) throw lastError('listen', subject);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** struct sockaddr_in or sockaddr_in6: see ip(7) and ipv6(7). */
function encodeAddress(family: number, address: Buffer, port: number): Buffer {
  const head = Buffer.alloc(family === AF_INET ? 4 : 8);
  head.writeUInt16LE(family, 0);
  head.writeUInt16BE(port, 2);
  return Buffer.concat([head, address, Buffer.alloc(family === AF_INET ? 8 : 4)]);
}
