import { errorFromStatus, InternalError, UnavailableError } from '../../src/api/errors.ts';
import { BRIDGE_SUBPROTOCOL, BRIDGE_WINDOW_BYTES, type PageMessage, type ServerMessage } from '../../src/api/bridge.ts';
import type { TransportRequest, UpgradedConnection } from '../../src/api/transport.ts';
import { ChunkQueue } from './chunk-queue.ts';

/** One upgraded connection over one WebSocket, as `src/api/bridge.ts` describes it. */
export function openSocket(path: string, request: TransportRequest): Promise<UpgradedConnection> {
  const url = new URL(path, window.location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url, BRIDGE_SUBPROTOCOL);
  socket.binaryType = 'arraybuffer';
  return new SocketConnection(socket, request).opened;
}

class SocketConnection {
  readonly opened: Promise<UpgradedConnection>;
  readonly #socket: WebSocket;
  readonly #output: ChunkQueue;
  /** Bytes that the server can still take. */
  #window = BRIDGE_WINDOW_BYTES;
  #room: PromiseWithResolvers<undefined> = Promise.withResolvers<undefined>();

  constructor(socket: WebSocket, request: TransportRequest) {
    const opened = Promise.withResolvers<UpgradedConnection>();
    this.opened = opened.promise;
    this.#socket = socket;
    this.#output = new ChunkQueue({ onRead: (bytes) => this.#send({ type: 'credit', bytes }), onAbandon: () => socket.close() });
    this.#room.promise.catch(() => undefined);
    socket.addEventListener('open', () => this.#send(openMessage(request)));
    socket.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (event.data instanceof ArrayBuffer) this.#output.push(new Uint8Array(event.data));
      else this.#onText(JSON.parse(String(event.data)) as ServerMessage, opened);
    });
    socket.addEventListener('close', () => {
      const gone = new UnavailableError('the connection was closed');
      this.#output.end(gone);
      this.#room.reject(gone);
      opened.reject(gone);
    });
    request.signal?.addEventListener('abort', () => socket.close(), { once: true });
  }

  #onText(message: ServerMessage, opened: PromiseWithResolvers<UpgradedConnection>): void {
    if (message.type === 'opened') {
      opened.resolve({ headers: message.headers, output: this.#output, write: (chunk) => this.#write(chunk), end: async () => this.#send({ type: 'end' }), close: () => this.#socket.close() });
    } else if (message.type === 'end') this.#output.end();
    else if (message.type === 'credit') {
      this.#window += message.bytes;
      this.#room.resolve(undefined);
    } else {
      const failure = errorFromStatus(message.status, message.message);
      this.#output.end(failure);
      opened.reject(failure);
    }
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      while (this.#window <= 0) await this.#waitForRoom();
      const piece = chunk.subarray(at, at + this.#window);
      this.#requireOpen();
      this.#socket.send(new Uint8Array(piece));
      this.#window -= piece.length;
      at += piece.length;
    }
  }

  async #waitForRoom(): Promise<void> {
    this.#requireOpen();
    await this.#room.promise;
    this.#room = Promise.withResolvers<undefined>();
    this.#room.promise.catch(() => undefined);
  }

  #requireOpen(): void {
    if (this.#socket.readyState !== WebSocket.OPEN) throw new UnavailableError('the connection was closed');
  }

  #send(message: PageMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

function openMessage(request: TransportRequest): PageMessage {
  if (request.body !== undefined && typeof request.body !== 'string') throw new InternalError('an upgraded request takes its body as text');
  return {
    type: 'open', method: request.method === 'GET' ? 'GET' : 'POST', path: request.path,
    ...(request.headers ? { headers: request.headers } : {}),
    ...(request.body === undefined ? {} : { body: request.body }),
  };
}
