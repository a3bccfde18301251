import { closeSync } from 'node:fs';
import { lastError, libc } from './libc.ts';

const [AF_UNIX, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_CLOEXEC, MSG_NOSIGNAL] = [1, 2, 0o4000, 0o2000000, 0x4000];
/** Longest path that fits in sun_path with its NUL (unix(7)). */
const MOST_PATH_BYTES = 107;

/** A unix socket of datagrams, which Node has not: for /dev/log and the journal. */
export class UnixDatagram {
  readonly #fd: number;
  readonly #path: string;

  private constructor(fd: number, path: string) {
    this.#fd = fd;
    this.#path = path;
  }

  /** @throws Error with `code` ENOENT, ECONNREFUSED, EPROTOTYPE (a socket of another kind) … */
  static connect(path: string): UnixDatagram {
    const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw lastError('socket', path);
    const name = Buffer.from(path);
    if (name.length > MOST_PATH_BYTES) {
      closeSync(fd);
      throw Object.assign(new Error(`connect ${path}: the path of a unix socket has at most ${String(MOST_PATH_BYTES)} bytes`), { code: 'ENAMETOOLONG' });
    }
    const address = Buffer.alloc(2 + name.length + 1);
    address.writeUInt16LE(AF_UNIX);
    name.copy(address, 2);
    if (libc.connect(fd, address, address.length) < 0) {
      const error = lastError('connect', path);
      closeSync(fd);
      throw error;
    }
    return new UnixDatagram(fd, path);
  }

  /** @throws Error with `code` EAGAIN when the receiver is behind, EMSGSIZE when it is too long, ECONNREFUSED when it has gone */
  send(message: Uint8Array): void {
    if (libc.send(this.#fd, message, message.length, MSG_NOSIGNAL) < 0) throw lastError('send', this.#path);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
