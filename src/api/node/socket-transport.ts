import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { NetConnectOpts, Socket } from 'node:net';
import type { Transport, TransportRequest, TransportResponse, UpgradedConnection } from '../transport.ts';
import { type Endpoint, formatEndpoint } from './endpoint.ts';
import { IncomingBytes } from './incoming-bytes.ts';
import { flattenHeaders, toUnavailable, upgradeRefused } from './reply.ts';

// An `import` of node:http makes Node evaluate every lazy export of it, WebSocket and so all of undici too: 50 ms of a command's start.
const http = process.getBuiltinModule('node:http');
const net = process.getBuiltinModule('node:net');

/**
 * HTTP/1.1 over a unix socket, a named pipe or TCP. Connections are kept for the next request; an upgraded connection has its own.
 * Back-pressure holds both ways: a body that is not read stops the server, a server that does not read stops the body's source.
 */
export class SocketTransport implements Transport {
  readonly #endpoint: Endpoint;
  readonly #agent = new http.Agent({ keepAlive: true });

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    try {
      return await this.#exchange(request, this.#agent);
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error;
      // The server had closed a kept connection while this request was on its way into it: it has not been looked at.
      return this.#exchange(request, false);
    }
  }

  async upgrade(request: TransportRequest): Promise<UpgradedConnection> {
    const { promise, resolve, reject } = Promise.withResolvers<UpgradedConnection>();
    const outgoing = http.request({
      ...this.#options(request),
      headers: { ...this.#headers(request), connection: 'Upgrade', upgrade: 'tcp' },
      createConnection: () => net.connect({ ...connectOptions(this.#endpoint), allowHalfOpen: true }),
    });
    const translate = this.#translator(request.signal);
    const handOver = (reply: IncomingMessage, socket: Socket, output: Socket | IncomingMessage): void => {
      request.signal?.addEventListener('abort', () => { socket.destroy(); }, { once: true });
      resolve(upgraded(reply, socket, output, translate));
    };
    outgoing.on('error', (error) => { reject(translate(error)); });
    outgoing.on('upgrade', (reply, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      handOver(reply, socket, socket);
    });
    outgoing.on('response', (reply) => {
      if (reply.statusCode === 200 && reply.headers['transfer-encoding'] === undefined && reply.headers['content-length'] === undefined) {
        handOver(reply, reply.socket, reply);
        return;
      }
      upgradeRefused(reply).then(reject, reject);
    });
    this.#send(outgoing, request, reject);
    return promise;
  }

  /** Closes what is kept for later requests. Running requests are not touched. */
  close(): void {
    this.#agent.destroy();
  }

  #exchange(request: TransportRequest, agent: RequestOptions['agent']): Promise<TransportResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<TransportResponse>();
    const translate = this.#translator(request.signal);
    const outgoing = http.request({ ...this.#options(request), ...addressOf(this.#endpoint), agent });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const stale = outgoing.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE') && !isStream(request.body);
      reject(stale ? new StaleConnectionError() : translate(error));
    });
    outgoing.on('response', (reply) => {
      resolve({ status: reply.statusCode ?? 0, headers: flattenHeaders(reply), body: new IncomingBytes(reply, translate) });
    });
    this.#send(outgoing, request, reject);
    return promise;
  }

  #options(request: TransportRequest): RequestOptions {
    return {
      method: request.method, path: request.path,
      headers: this.#headers(request),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    };
  }

  /** Docker's servers want a host name that is one; a socket path is none. */
  #headers(request: TransportRequest): Record<string, string> {
    return { host: this.#endpoint.kind === 'tcp' ? formatEndpoint(this.#endpoint).slice('tcp://'.length) : 'localhost', ...request.headers };
  }

  #send(outgoing: ClientRequest, request: TransportRequest, fail: (error: unknown) => void): void {
    if (isStream(request.body)) pump(request.body, outgoing).catch((error: unknown) => { fail(error); outgoing.destroy(); });
    else outgoing.end(request.body);
  }

  /** An abort is told as its reason, however the connection words it; everything else as the endpoint that is not there. */
  #translator(signal: AbortSignal | undefined): (error: Error) => Error {
    return (error) => (signal?.aborted === true && signal.reason instanceof Error ? signal.reason : toUnavailable(error, formatEndpoint(this.#endpoint)));
  }
}

class StaleConnectionError extends Error {}

function addressOf(endpoint: Endpoint): Pick<RequestOptions, 'host' | 'port' | 'socketPath'> {
  return endpoint.kind === 'tcp' ? { host: endpoint.host, port: endpoint.port } : { socketPath: endpoint.path };
}

function connectOptions(endpoint: Endpoint): NetConnectOpts {
  return endpoint.kind === 'tcp' ? { host: endpoint.host, port: endpoint.port, noDelay: true } : { path: endpoint.path };
}

function upgraded(reply: IncomingMessage, socket: Socket, output: Socket | IncomingMessage, translate: (error: Error) => Error): UpgradedConnection {
  // Errors reach whoever reads or writes; one that nobody waits for must not end the process.
  socket.on('error', () => undefined);
  return {
    headers: flattenHeaders(reply),
    output: new IncomingBytes(output, translate),
    write: (chunk) => new Promise((resolve, reject) => {
      socket.write(chunk, (error) => { if (error) reject(translate(error)); else resolve(); });
    }),
    end: () => new Promise((resolve) => { if (socket.writableEnded || socket.destroyed) resolve(); else socket.end(() => { resolve(); }); }),
    close: () => { socket.destroy(); },
  };
}

function isStream(body: TransportRequest['body']): body is AsyncIterable<Uint8Array> {
  return body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
}

const nextTurn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

/** Streams a body. A server that has answered and closed before the end is its right: the reply tells why, the rest is dropped. */
async function pump(body: AsyncIterable<Uint8Array>, outgoing: ClientRequest): Promise<void> {
  let closed = false;
  const isClosed = (): boolean => closed;
  let wake: () => void = () => undefined;
  outgoing.on('drain', () => { wake(); });
  outgoing.on('close', () => { closed = true; wake(); });
  for await (const chunk of body) {
    // Lets an answer that is already there be read first: a write to a closed connection would throw it away.
    await nextTurn();
    if (isClosed()) return;
    if (outgoing.write(chunk)) continue;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    wake = () => { resolve(undefined); };
    if (!isClosed()) await promise;
  }
  outgoing.end();
}
