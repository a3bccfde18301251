import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2';
import { Agent as SecureAgent, request as httpsRequest } from 'node:https';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { trustedRoots, type HostCertificates } from './certificates.ts';
import type { Answer, Exchange } from './http-exchange.ts';
import { splitAuthority } from './insecure-registries.ts';
import { RegistryUnreachableError } from './registry-error.ts';

/** How a host is to be trusted. */
export interface HostTrust {
  verify: boolean;
  certificates: HostCertificates;
}

export interface OriginOptions {
  url: URL;
  /** Undefined for plain HTTP. */
  trust: HostTrust | undefined;
  proxy: URL | undefined;
  /** Whether HTTP/2 may be spoken where the other side offers it. */
  http2: boolean;
}

export interface OriginRequest {
  method: string;
  url: URL;
  headers: Readonly<Record<string, string>>;
  signal: AbortSignal | undefined;
}

const FREE_SOCKET_MS = 15_000;
const CONNECT_MS = 30_000;
/** What may be on its way without being read: 64 KiB, HTTP/2's own, would make a distant registry slow. */
const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
const SESSION_WINDOW_BYTES = 16 * 1024 * 1024;

/**
 * All connections to one origin. By TLS without a proxy, HTTP/2 is used where the server chooses it (ALPN), and then all requests
 * share one connection; else it is HTTP/1.1 over kept connections, through proxies by CONNECT.
 */
export class HttpOrigin implements Disposable {
  readonly #options: OriginOptions;
  readonly #secureContext: SecureContext | undefined;
  readonly #agent: Agent;
  #session: Promise<ClientHttp2Session | undefined> | undefined;
  #disposed = false;

  constructor(options: OriginOptions) {
    const { trust, proxy } = options;
    this.#options = options;
    this.#secureContext = trust && createSecureContext({
      ca: [...trustedRoots(), ...trust.certificates.authorities],
      cert: trust.certificates.clients.map(({ cert }) => cert), key: trust.certificates.clients.map(({ key }) => key), minVersion: 'TLSv1.2',
    });
    const common = { keepAlive: true, timeout: FREE_SOCKET_MS, ...(proxy ? { proxyEnv: { HTTP_PROXY: proxy.href, HTTPS_PROXY: proxy.href, NO_PROXY: '' } } : {}) };
    this.#agent = trust ? new SecureAgent({ ...common, secureContext: this.#secureContext, rejectUnauthorized: trust.verify }) : new Agent(common);
  }

  /** @throws Error of the connection */
  async start(request: OriginRequest): Promise<Exchange> {
    const session = this.#options.trust && this.#options.http2 && !this.#options.proxy ? await this.#http2() : undefined;
    request.signal?.throwIfAborted();
    return session ? overHttp2(session, request) : this.#overHttp1(request);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#agent.destroy();
    void this.#session?.then((session) => session?.destroy(), () => undefined);
  }

  /** Undefined where the server wants HTTP/1.1. */
  #http2(): Promise<ClientHttp2Session | undefined> {
    // A server that wants HTTP/1.1 is believed; a connection that is gone is opened again.
    this.#session ??= this.#negotiate().catch((error: unknown) => { this.#session = undefined; throw error; });
    return this.#session;
  }

  async #negotiate(): Promise<ClientHttp2Session | undefined> {
    const { url, trust } = this.#options;
    const { host } = splitAuthority(url.host);
    const socket = connectTls({
      host, port: url.port === '' ? 443 : Number(url.port), ALPNProtocols: ['h2', 'http/1.1'], rejectUnauthorized: trust?.verify !== false,
      ...(this.#secureContext ? { secureContext: this.#secureContext } : {}), ...(/^[\d.:]+$/.test(host) ? {} : { servername: host }),
    });
    await connected(socket);
    if (socket.alpnProtocol !== 'h2' || this.#disposed) {
      socket.destroy();
      return undefined;
    }
    const session = connectHttp2(url.origin, { createConnection: () => socket, settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES } });
    session.once('connect', () => { session.setLocalWindowSize(SESSION_WINDOW_BYTES); });
    const forget = (): void => { this.#session = undefined; };
    // Each stream tells of its own failure; an idle connection that breaks is nobody's.
    session.on('error', forget).on('goaway', forget).on('close', forget);
    session.setTimeout(FREE_SOCKET_MS, () => { forget(); session.close(); });
    return session;
  }

  #overHttp1(request: OriginRequest): Exchange {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const options = { method: request.method, agent: this.#agent, headers: request.headers, ...(request.signal ? { signal: request.signal } : {}) };
    const message: ClientRequest = (request.url.protocol === 'https:' ? httpsRequest : httpRequest)(request.url, options);
    message.on('error', reject);
    message.once('response', (reply: IncomingMessage) => { resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: reply, complete: () => reply.complete }); });
    // A switch of protocols was not asked for.
    message.once('upgrade', (_reply, socket) => { socket.destroy(); reject(new RegistryUnreachableError(`registry ${request.url.host} switched to another protocol`, { passing: false })); });
    return { sending: message, answered: promise };
  }
}

async function connected(socket: TLSSocket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('secureConnect', resolve);
  socket.once('error', reject);
  socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error(`no connection within ${CONNECT_MS / 1000} s`)));
  try {
    await promise;
    socket.setTimeout(0);
  } finally {
    socket.off('error', reject);
    socket.on('error', () => undefined);
  }
}

function overHttp2(session: ClientHttp2Session, { method, url, headers, signal }: OriginRequest): Exchange {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const stream: ClientHttp2Stream = session.request({ ...headers, ':method': method, ':path': `${url.pathname}${url.search}` }, { endStream: false, ...(signal ? { signal } : {}) });
  let ended = false;
  stream.on('error', reject);
  stream.once('response', (head: IncomingHttpHeaders & IncomingHttpStatusHeader) => {
    resolve({ status: head[':status'] ?? 0, headers: head, body: stream, complete: () => ended });
  });
  stream.once('end', () => { ended = true; });
  stream.once('close', () => { reject(new RegistryUnreachableError(`registry ${url.host} closed the connection without an answer`, { passing: true })); });
  return { sending: stream, answered: promise };
}
