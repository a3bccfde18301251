import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketStreamOptions } from './websocket-stream.ts';

/**
 * What a handler gets. A handler decodes, makes one call into the engine and encodes; it holds no logic.
 * Errors are thrown (classes of `api/errors.ts`); the router turns them into `{"message"}` with their status.
 */
export interface RouteContext {
  /** Path parameters, decoded. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  /** The API version of this request, e.g. `{ major: 1, minor: 51 }`; the newest where the path carries none. */
  version: { major: number; minor: number };
  /** The raw body: streamed, not buffered. */
  body: IncomingMessage;
  /** Aborts when the client has gone. */
  signal: AbortSignal;
  /** Reads and parses a JSON body (at most 4 MiB). @throws InvalidArgumentError on another content type, bad JSON, or trailing data; PayloadTooLargeError. */
  readJson(): Promise<unknown>;
  json(status: number, value: unknown): void;
  /** Status without a body. */
  empty(status: number): void;
  /** Sends the head at once; the handler then writes the body with back-pressure and ends it. */
  streamHead(status: number, headers: Readonly<Record<string, string>>): ServerResponse;
  /** Lets go of a client that does not read: drops its connection. */
  abandon(): void;
  /**
   * Takes the connection over (docker's hijack): answers 101 if the client asked for an upgrade, otherwise a bare 200.
   * Bytes that the client sent early are put back in front of the stream. Half-close is kept.
   */
  hijack(contentType: string): Duplex;
  /**
   * Takes the connection over as a WebSocket (RFC 6455). @throws InvalidArgumentError when the request is no handshake
   */
  webSocket(options: WebSocketStreamOptions): Duplex;
}

export interface Route {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Without version prefix: `/containers/{id}/json`. `{name*}` matches across slashes (image names). */
  path: string;
  handler(context: RouteContext): Promise<void> | void;
}
