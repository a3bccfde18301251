/**
 * The one way to an engine. Implementations: unix socket, named pipe, TCP+TLS, ssh (src/api/node), Electron IPC and
 * WebSocket (renderer). A `Transport` moves bytes and knows no endpoint; `EngineClient` knows endpoints and moves no bytes.
 */
export interface Transport {
  /**
   * Sends a request and resolves as soon as the reply's head has arrived; the body streams afterwards.
   * Never throws for an HTTP status: that is the client's business.
   * @throws UnavailableError when there is nobody at the other end.
   */
  request(request: TransportRequest): Promise<TransportResponse>;

  /**
   * Sends a request with `Connection: Upgrade` and hands over the raw connection (docker's "hijack").
   * A reply other than 101 (or 200 from servers that hijack without upgrading) is thrown as the error that its body names.
   */
  upgrade(request: TransportRequest): Promise<UpgradedConnection>;
}

export interface TransportRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query, starting with `/`. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  /** A string or bytes are sent whole; an iterable is streamed chunked, with back-pressure. */
  body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Aborting destroys the connection, before or after the head has arrived. */
  signal?: AbortSignal;
}

export interface TransportResponse {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** Must be read to the end or abandoned with `return()`; abandoning closes the connection. */
  body: AsyncIterable<Uint8Array>;
}

/** A raw two-way byte stream. Each direction ends by itself (half-close). */
export interface UpgradedConnection {
  /** Reply headers, names in lower case; `content-type` tells whether output is multiplexed. */
  headers: Readonly<Record<string, string>>;
  /** Bytes from the server until it closes its side. */
  output: AsyncIterable<Uint8Array>;
  /** Resolves when the transport can take more. Rejects once the connection is gone. */
  write(chunk: Uint8Array): Promise<void>;
  /** Closes our side (EOF on the server's stdin) while output goes on. */
  end(): Promise<void>;
  /** Drops the connection at once, both ways. Idempotent. */
  close(): void;
}
