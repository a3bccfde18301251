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

const NLM_F_DUMP = 0x300;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const HEADER_BYTES = 16;
const BUFFER_BYTES = 32 * 1024;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const MSG_DONTWAIT = 0x40;
const SOCK_CLOEXEC = 0o2000000;

export interface NetlinkMessage {
  type: number;
  payload: Buffer;
}

/** Families of netlink: routes and links; nf_tables and connection tracking. */
const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

/** A socket into the network namespace in which it was opened; it stays there wherever this thread goes. */
export class NetlinkSocket implements Disposable {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  #sequence = 0;

  /** Opens in the calling thread's present namespace. */
  constructor(family: typeof NETLINK_ROUTE | typeof NETLINK_NETFILTER = NETLINK_ROUTE) {
    this.#fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
    if (this.#fd < 0) throw lastError('socket', 'netlink');
  }

  /**
   * Sends one request and takes its answer. The kernel works synchronously, so this never waits for anything else.
   * @param subject what the request is about, for the error
   * @returns the data message that came before the acknowledgement, if any
   * @throws an error with `code` (`EEXIST`, `ENODEV` …)
   */
  request(message: { type: number; flags?: number; payload: Buffer }, subject: string): NetlinkMessage | undefined {
    const bytes = this.#message(message.type, NLM_F_REQUEST | NLM_F_ACK | (message.flags ?? 0), message.payload);
    if (libc.send(this.#fd, bytes, bytes.length, 0) < 0) throw lastError('netlink', subject);
    let answer: NetlinkMessage | undefined;
    for (;;) {
      for (const { type, payload } of this.#receive(subject)) {
        if (type === NLMSG_ERROR) {
          const errno = payload.readInt32LE(0);
          if (errno === 0) return answer;
          throw systemError(-errno, 'netlink', subject);
        }
        answer = { type, payload: Buffer.from(payload) };
      }
    }
  }

  /**
   * Sends several requests that the kernel takes as one transaction (nfnetlink batches).
   * @param begin, end the messages around them, which are not acknowledged
   * @throws the first error of any of them, with `code`; nothing has changed then
   */
  transact(batch: { begin: NetlinkMessage; messages: readonly (NetlinkMessage & { flags?: number })[]; end: NetlinkMessage }, subject: string): void {
    const last = batch.messages.length - 1;
    if (last < 0) return;
    const opening = this.#message(batch.begin.type, NLM_F_REQUEST, batch.begin.payload);
    // The kernel answers in order: the last one's acknowledgement says that all have been looked at.
    const body = batch.messages.map((message, index) => this.#message(message.type, NLM_F_REQUEST | (index === last ? NLM_F_ACK : 0) | (message.flags ?? 0), message.payload));
    const lastSequence = this.#sequence;
    const bytes = Buffer.concat([opening, ...body, this.#message(batch.end.type, NLM_F_REQUEST, batch.end.payload)]);
    if (libc.send(this.#fd, bytes, bytes.length, 0) < 0) throw lastError('netlink', subject);
    let failure: Error | undefined;
    for (let done = false; !done;) {
      // Every answer is there when send(2) returns: where there is none, the batch was not even begun, and nothing would ever come.
      for (const { type, sequence, payload } of this.#receive(subject, MSG_DONTWAIT)) {
        if (type !== NLMSG_ERROR || sequence + body.length < lastSequence) continue;
        const errno = payload.readInt32LE(0);
        if (errno !== 0) failure ??= systemError(-errno, 'netlink', subject);
        if (sequence === lastSequence || sequence + body.length === lastSequence) done = true;
      }
    }
    while (this.#drop());
    if (failure) throw failure;
  }

  /** Throws away what is left of answers. @returns false when there is nothing */
  #drop(): boolean {
    return libc.recv(this.#fd, this.#buffer, BUFFER_BYTES, MSG_DONTWAIT) > 0;
  }

  /** Asks for a list. @param each called with every answer's payload, which is valid until it returns */
  dump(message: NetlinkMessage, subject: string, each: (payload: Buffer) => void): void {
    const bytes = this.#message(message.type, NLM_F_REQUEST | NLM_F_DUMP, message.payload);
    if (libc.send(this.#fd, bytes, bytes.length, 0) < 0) throw lastError('netlink', subject);
    for (;;) {
      for (const { type, payload } of this.#receive(subject)) {
        if (type === NLMSG_DONE) return;
        if (type !== NLMSG_ERROR) { each(payload); continue; }
        const errno = payload.readInt32LE(0);
        if (errno === 0) return;
        throw systemError(-errno, 'netlink', subject);
      }
    }
  }

  #message(type: number, flags: number, payload: Buffer): Buffer {
    this.#sequence += 1;
    const bytes = Buffer.alloc((HEADER_BYTES + payload.length + 3) & ~3);
    bytes.writeUInt32LE(HEADER_BYTES + payload.length, 0);
    bytes.writeUInt16LE(type, 4);
    bytes.writeUInt16LE(flags, 6);
    bytes.writeUInt32LE(this.#sequence, 8);
    payload.copy(bytes, HEADER_BYTES);
    return bytes;
  }

  * #receive(subject: string, flags = 0): Generator<{ type: number; sequence: number; payload: Buffer }> {
    const length = libc.recv(this.#fd, this.#buffer, BUFFER_BYTES, flags);
    if (length < 0) throw lastError('netlink', subject);
    for (let at = 0; at + HEADER_BYTES <= length;) {
      const size = this.#buffer.readUInt32LE(at);
      yield { type: this.#buffer.readUInt16LE(at + 4), sequence: this.#buffer.readUInt32LE(at + 8), payload: this.#buffer.subarray(at + HEADER_BYTES, at + size) };
      at += (size + 3) & ~3;
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
