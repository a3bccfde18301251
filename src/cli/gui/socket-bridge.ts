import type { WebSocket } from 'ws';
import { BRIDGE_WINDOW_BYTES, type OpenMessage, type PageMessage, type ServerMessage } from '../../api/bridge.ts';
import { messageOf, statusOf } from '../../api/errors.ts';
import type { Transport, UpgradedConnection } from '../../api/transport.ts';

/** What a page may send before it has a connection, and how much it may overdraw: a page that does more is dropped. */
const OPEN_LIMIT_BYTES = 64 * 1024;

/** Carries one upgraded connection over one WebSocket, as `src/api/bridge.ts` describes. */
export function bridgeSocket(socket: WebSocket, transport: Transport): void {
  new SocketBridge(socket, transport).start();
}

class SocketBridge {
  readonly #socket: WebSocket;
  readonly #transport: Transport;
  readonly #abort = new AbortController();
  #connection: UpgradedConnection | undefined;
  /** What the page takes before it has credited more. */
  #room = BRIDGE_WINDOW_BYTES;
  #wake: () => void = () => undefined;
  /** Bytes that the page has sent and the peer has not yet taken. */
  #held = 0;
  #input: Promise<void> = Promise.resolve();
  #opened = false;
  #inputEnded = false;
  #outputEnded = false;

  constructor(socket: WebSocket, transport: Transport) {
    this.#socket = socket;
    this.#transport = transport;
  }

  start(): void {
    this.#socket.on('message', (data: Buffer, isBinary: boolean) => {
      try {
        if (isBinary) this.#receiveBytes(data);
        else this.#receive(JSON.parse(data.toString('utf8')) as PageMessage);
      } catch (error) {
        this.#fail(400, messageOf(error));
      }
    });
    this.#socket.on('close', () => { this.#drop(); });
    this.#socket.on('error', () => { this.#drop(); });
  }

  #receive(message: PageMessage): void {
    switch (message.type) {
      case 'open':
        if (this.#opened) throw new Error('the connection is open already');
        this.#opened = true;
        this.#open(message).catch((error: unknown) => { this.#fail(statusOf(error), messageOf(error)); });
        break;
      case 'end':
        this.#inputEnded = true;
        this.#queueInput(async () => { await this.#connection?.end(); this.#closeWhenDone(); });
        break;
      case 'credit':
        if (!Number.isSafeInteger(message.bytes) || message.bytes < 0) throw new Error('credit must be a number of bytes');
        this.#room = Math.min(this.#room + message.bytes, BRIDGE_WINDOW_BYTES);
        this.#wake();
        break;
      default:
        throw new Error('unknown message');
    }
  }

  async #open(message: OpenMessage): Promise<void> {
    const { method, path, headers = {}, body } = message;
    if ((method !== 'POST' && method !== 'GET') || typeof path !== 'string' || !path.startsWith('/')) throw new Error('open needs a method and a path');
    if (body !== undefined && (typeof body !== 'string' || body.length > OPEN_LIMIT_BYTES)) throw new Error('the body of open is no text, or too long');
    const safe = Object.fromEntries(Object.entries(headers).filter(([name]) => ['content-type', 'accept'].includes(name.toLowerCase())));
    const connection = await this.#transport.upgrade({ method, path, headers: safe, signal: this.#abort.signal, ...(body === undefined ? {} : { body }) });
    if (this.#abort.signal.aborted) {
      connection.close();
      return;
    }
    this.#connection = connection;
    this.#send({ type: 'opened', headers: connection.headers });
    for await (const chunk of connection.output) await this.#sendBytes(chunk);
    this.#outputEnded = true;
    this.#send({ type: 'end' });
    this.#closeWhenDone();
  }

  #receiveBytes(data: Buffer): void {
    if (!this.#opened || this.#inputEnded) throw new Error('bytes outside an open connection');
    this.#held += data.length;
    if (this.#held > BRIDGE_WINDOW_BYTES) throw new Error('more bytes than were credited');
    this.#queueInput(async () => {
      await this.#connection?.write(data);
      this.#held -= data.length;
      this.#send({ type: 'credit', bytes: data.length });
    });
  }

  #queueInput(work: () => Promise<void>): void {
    // A peer that takes no more input may still have output: the end of that decides.
    this.#input = this.#input.then(work).catch(() => undefined);
  }

  /** In pieces that the page has room for. */
  async #sendBytes(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      while (this.#room === 0 && !this.#abort.signal.aborted) await new Promise<void>((resolve) => { this.#wake = resolve; });
      this.#abort.signal.throwIfAborted();
      const piece = chunk.subarray(at, at + this.#room);
      this.#room -= piece.length;
      at += piece.length;
      this.#socket.send(piece, { binary: true });
    }
  }

  #send(message: ServerMessage): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #closeWhenDone(): void {
    if (this.#outputEnded && this.#inputEnded) this.#socket.close(1000);
  }

  #fail(status: number, message: string): void {
    this.#send({ type: 'error', status, message });
    this.#socket.close(1011);
    this.#drop();
  }

  #drop(): void {
    this.#abort.abort();
    this.#wake();
    this.#connection?.close();
  }
}
