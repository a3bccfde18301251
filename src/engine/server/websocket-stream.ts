import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { InvalidArgumentError } from '../../api/errors.ts';
import { FrameSplitter } from '../../api/stdcopy.ts';

/** A message is held in memory until it is complete. */
const MESSAGE_LIMIT_BYTES = 4 * 1024 * 1024;

export interface WebSocketStreamOptions {
  /** Type of the messages that we send. Both types are taken. */
  messages: 'binary' | 'text';
  /** What is written has docker's frames: their payloads are sent, a message each. */
  multiplexed: boolean;
}

/** A request that asks for the protocol `websocket`, its connection, and what has come behind it. */
export interface Handshake {
  request: IncomingMessage;
  socket: Duplex;
  early: Buffer;
  /** Further headers of the reply. */
  headers: OutgoingHttpHeaders;
}

/** Answers the handshake of RFC 6455 §4.2. @throws InvalidArgumentError when it is none; nothing has been sent then */
export function acceptWebSocket({ request, socket, early, headers }: Handshake, options: WebSocketStreamOptions): Duplex {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false, maxPayload: MESSAGE_LIMIT_BYTES });
  server.on('headers', (lines) => { lines.push(...Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`)); });
  let refusal = 'not websocket protocol';
  // With a listener the refusal is ours to answer.
  server.on('wsClientError', (error) => { refusal = error.message; });
  let stream: Duplex | undefined;
  server.handleUpgrade(request, socket, early, (webSocket) => { stream = new WebSocketStream(webSocket, options); });
  if (!stream) throw new InvalidArgumentError(refusal);
  return stream;
}

/**
 * A WebSocket as a stream, with back-pressure both ways. `end()` closes it with status 1000. WebSocket has no half-close: when the client
 * closes, reading ends and, once everything has been read, the stream is destroyed.
 */
class WebSocketStream extends Duplex {
  readonly #webSocket: WebSocket;
  readonly #binary: boolean;
  readonly #splitter: FrameSplitter | undefined;

  constructor(webSocket: WebSocket, options: WebSocketStreamOptions) {
    super();
    this.#webSocket = webSocket;
    this.#binary = options.messages === 'binary';
    this.#splitter = options.multiplexed ? new FrameSplitter() : undefined;
    webSocket.on('message', (data: Buffer) => { if (!this.push(data)) webSocket.pause(); });
    // What is wrong with the client's frames has been told to it by a close frame.
    webSocket.on('error', () => undefined);
    webSocket.once('close', () => {
      this.once('end', () => this.destroy());
      this.push(null);
    });
    this.on('error', () => undefined);
  }

  override _read(): void {
    this.#webSocket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    let payloads: Uint8Array[];
    try {
      payloads = this.#splitter ? this.#splitter.push(chunk).map(({ payload }) => payload) : [chunk];
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const last = payloads.pop();
    if (!last) { done(); return; }
    for (const payload of payloads) this.#webSocket.send(payload, { binary: this.#binary });
    this.#webSocket.send(last, { binary: this.#binary }, done);
  }

  override _final(done: () => void): void {
    this.#webSocket.close(1000);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // A close that both sides know of is not cut short.
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.terminate();
    done(error);
  }
}
