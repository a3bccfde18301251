import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '../../base/log.ts';
import { messageOf } from '../../api/errors.ts';
import { listenOnSocket } from '../listen-on-socket.ts';
import { relay } from './relay.ts';

/** The engine's socket on this host: every connection becomes a stream of its own to the engine in the guest. */
export class EngineForward implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #open: () => Promise<Duplex>;
  readonly #log: Logger;

  private constructor(open: () => Promise<Duplex>, log: Logger) {
    this.#open = open;
    this.#log = log;
    // Paused: what a client sends while its stream is being opened stays in the kernel.
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => { void this.#serve(socket); });
  }

  /** @param open makes one stream to the engine. @throws ConflictError when the path is taken. */
  static async listen(options: { path: string; open: () => Promise<Duplex>; log: Logger }): Promise<EngineForward> {
    const forward = new EngineForward(options.open, options.log);
    await listenOnSocket(forward.#server, options.path);
    return forward;
  }

  /** Takes no more connections and drops those that are left. The socket file goes with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#server.close(() => { resolve(undefined); });
    for (const socket of this.#sockets) socket.destroy();
    await promise;
  }

  async #serve(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    try {
      const remote = await this.#open();
      if (socket.destroyed) remote.destroy();
      else await relay(socket, remote);
    } catch (error) {
      this.#log.debug('engine not reached', { error });
      refuse(socket, messageOf(error));
    }
  }
}

/** The engine's protocol is HTTP, so the reason can be told where a closed connection would only say "EOF". */
function refuse(socket: Socket, message: string): void {
  const body = JSON.stringify({ message: `the engine does not answer: ${message}` });
  socket.resume();
  socket.end(`HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: ${String(Buffer.byteLength(body))}\r\nConnection: close\r\n\r\n${body}`);
  setTimeout(() => { socket.destroy(); }, 1000).unref();
}
