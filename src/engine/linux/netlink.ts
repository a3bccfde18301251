import { closeSync } from 'node:fs';
import { lastError, libc, systemError } from './libc.ts';

/**
 * Route netlink, the kernel's own interface to links, addresses and routes: a request costs tens of microseconds where a spawn of
 * ip(8) costs milliseconds. Sources: netlink(7), rtnetlink(7), linux/rtnetlink.h, linux/if_link.h. Byte order is the machine's,
 * which is little-endian on every architecture that Strata supports.
 */
export const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;

const NLMSG_ERROR = 2;
const HEADER_BYTES = 16;
const BUFFER_BYTES = 32 * 1024;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;

export interface NetlinkMessage {
  type: number;
  payload: Buffer;
}

/** A socket into the network namespace in which it was opened; it stays there wherever this thread goes. */
export class NetlinkSocket implements Disposable {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  #sequence = 0;

  /** Opens in the calling thread's present namespace. */
  constructor() {
    this.#fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (this.#fd < 0) throw lastError('socket', 'netlink');
  }

  /**
   * Sends one request and takes its answer. The kernel works synchronously, so this never waits for anything else.
   * @param subject what the request is about, for the error
   * @returns the data message that came before the acknowledgement, if any
   * @throws an error with `code` (`EEXIST`, `ENODEV` …)
   */
  request(message: { type: number; flags?: number; payload: Buffer }, subject: string): NetlinkMessage | undefined {
    this.#sequence += 1;
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(HEADER_BYTES + message.payload.length, 0);
    header.writeUInt16LE(message.type, 4);
    header.writeUInt16LE(NLM_F_REQUEST | NLM_F_ACK | (message.flags ?? 0), 6);
    header.writeUInt32LE(this.#sequence, 8);
    const bytes = Buffer.concat([header, message.payload]);
    if (libc.send(this.#fd, bytes, bytes.length, 0) < 0) throw lastError('netlink', subject);
    let answer: NetlinkMessage | undefined;
    for (;;) {
      const length = libc.recv(this.#fd, this.#buffer, BUFFER_BYTES, 0);
      if (length < 0) throw lastError('netlink', subject);
      for (let at = 0; at + HEADER_BYTES <= length;) {
        const size = this.#buffer.readUInt32LE(at);
        const type = this.#buffer.readUInt16LE(at + 4);
        const payload = this.#buffer.subarray(at + HEADER_BYTES, at + size);
        if (type === NLMSG_ERROR) {
          const errno = payload.readInt32LE(0);
          if (errno === 0) return answer;
          throw systemError(-errno, 'netlink', subject);
        }
        answer = { type, payload: Buffer.from(payload) };
        at += (size + 3) & ~3;
      }
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** A netlink attribute: length, type, data, padding to four bytes. */
export function attribute(type: number, data: Buffer | string | number | readonly Buffer[]): Buffer {
  const body = toBytes(data);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(4 + body.length, 0);
  head.writeUInt16LE(type, 2);
  return Buffer.concat([head, body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
}

/** The attributes in a message, by type; of several with one type the last. */
export function attributesOf(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(at);
    if (length < 4) break;
    // The upper two bits are flags.
    found.set(bytes.readUInt16LE(at + 2) & 0x3fff, bytes.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

function toBytes(data: Buffer | string | number | readonly Buffer[]): Buffer {
  if (typeof data === 'string') return Buffer.from(`${data}\0`);
  if (typeof data === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(data);
    return bytes;
  }
  return Buffer.isBuffer(data) ? data : Buffer.concat(data);
}
