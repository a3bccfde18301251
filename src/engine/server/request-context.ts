import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { InvalidArgumentError, messageOf, NotModifiedError, PayloadTooLargeError, statusOf } from '../../api/errors.ts';
import { BodyStream } from './body-stream.ts';
import { BARE_HIJACK_HEADER } from './bare-hijack.ts';
import type { RouteContext } from './route.ts';
import type { RouteMatch } from './router.ts';
import { acceptWebSocket, type WebSocketStreamOptions } from './websocket-stream.ts';

const JSON_LIMIT_BYTES = 4 * 1024 * 1024;

/** A connection that the HTTP parser has let go of, and what the client had sent beyond the request. */
export interface Upgrade {
  socket: Duplex;
  early: Buffer;
}

/** What every reply carries. */
export type CommonHeaders = Readonly<Record<string, string>>;

/** `RouteContext` over node:http, for plain requests and for those whose connection was handed over by the `upgrade` event. */
export class RequestContext implements RouteContext {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly version: RouteContext['version'];
  readonly body: IncomingMessage;
  readonly signal: AbortSignal;
  readonly #response: ServerResponse;
  readonly #upgrade: Upgrade | undefined;
  #hijacked = false;

  constructor(request: IncomingMessage, response: ServerResponse, match: RouteMatch, query: string, upgrade: Upgrade | undefined) {
    this.params = match.params;
    this.version = match.version;
    this.query = new URLSearchParams(query);
    this.headers = request.headers;
    this.body = request;
    this.#response = response;
    this.#upgrade = upgrade;
    const gone = new AbortController();
    this.signal = gone.signal;
    if (upgrade) upgrade.socket.once('close', () => { gone.abort(); });
    else response.once('close', () => { if (!response.writableFinished) gone.abort(); });
  }

  async readJson(): Promise<unknown> {
    const text = await readText(this.body);
    if (text.trim() === '') return undefined;
    const type = (this.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
    if (type !== 'application/json') throw new InvalidArgumentError(`unsupported Content-Type header (${type ?? ''}): must be 'application/json'`);
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      // V8 tells an early end from a late one only by its text; the status is the same either way.
      const trailing = messageOf(cause).includes('after JSON');
      throw new InvalidArgumentError(trailing ? 'unexpected content after JSON' : `invalid JSON: ${messageOf(cause)}`, { cause });
    }
  }

  json(status: number, value: unknown): void {
    const text = `${JSON.stringify(value)}\n`;
    this.#response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    this.#response.end(text);
  }

  empty(status: number): void {
    this.#response.writeHead(status, status === 204 || status === 304 ? {} : { 'content-length': 0 });
    this.#response.end();
  }

  streamHead(status: number, headers: Readonly<Record<string, string>>): ServerResponse {
    this.#response.writeHead(status, { ...headers });
    this.#response.flushHeaders();
    return this.#response;
  }

  abandon(): void {
    this.#response.destroy();
  }

  hijack(contentType: string): Duplex {
    this.#hijacked = true;
    if (!this.#upgrade) return this.#takeOverBody(contentType);
    const { socket, early } = this.#upgrade;
    this.body.resume();
    if (this.#response.socket) this.#response.detachSocket(this.#response.socket);
    const bare = this.headers[BARE_HIJACK_HEADER] !== undefined;
    const head = bare ? ['HTTP/1.1 200 OK', `Content-Type: ${contentType}`] : ['HTTP/1.1 101 UPGRADED', `Content-Type: ${contentType}`, 'Connection: Upgrade', 'Upgrade: tcp'];
    for (const [name, value] of Object.entries(this.#response.getHeaders())) head.push(`${name}: ${String(value)}`);
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    if (early.length > 0) socket.unshift(early);
    // A client that vanishes is no news to anybody but the handler, which sees the close.
    socket.on('error', () => undefined);
    return socket;
  }

  /**
   * The takeover of a client that did not ask for an upgrade and has used its connection before: the parser has the connection then. The
   * output is a reply without an end of its own, the input is what the request has for a body.
   */
  #takeOverBody(contentType: string): Duplex {
    this.#response.useChunkedEncodingByDefault = false;
    this.streamHead(200, { 'content-type': contentType, connection: 'close' });
    return new BodyStream(this.body, this.#response);
  }

  webSocket(options: WebSocketStreamOptions): Duplex {
    if (!this.#upgrade || this.headers.upgrade?.toLowerCase() !== 'websocket') throw new InvalidArgumentError('not websocket protocol');
    const { socket, early } = this.#upgrade;
    const stream = acceptWebSocket({ request: this.body, socket, early, headers: this.#response.getHeaders() }, options);
    this.#hijacked = true;
    if (this.#response.socket) this.#response.detachSocket(this.#response.socket);
    return stream;
  }

  /** Turns what a handler has thrown into a reply, as far as that is still possible. */
  fail(error: unknown): void {
    const status = statusOf(error);
    // The rest of the body is not read.
    if (error instanceof PayloadTooLargeError) this.#response.shouldKeepAlive = false;
    if (this.#hijacked && this.#upgrade) this.#upgrade.socket.end();
    else if (this.#response.headersSent) this.#response.destroy();
    else if (error instanceof NotModifiedError) this.empty(304);
    else this.json(status, { message: messageOf(error) });
  }
}

async function readText(body: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving early must not end the connection: the refusal still goes over it.
  for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > JSON_LIMIT_BYTES) throw new PayloadTooLargeError(`request body is larger than ${String(JSON_LIMIT_BYTES)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
