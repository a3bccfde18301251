import { Agent, request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as SecureAgent, request as httpsRequest } from 'node:https';
import { createSecureContext } from 'node:tls';
import { trustedRoots, type HostCertificates } from './certificates.ts';
import { connectionError } from './connection-error.ts';
import { splitAuthority } from './insecure-registries.ts';
import { RegistryProtocolError, RegistryUnreachableError } from './registry-error.ts';
import { StallWatch, type StallLimits } from './stall-watch.ts';

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: URL;
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array | { bytes: number; source: AsyncIterable<Uint8Array> };
  signal?: AbortSignal | undefined;
}

/** The head of a reply. The body must be read to its end or discarded, or its connection is held. */
export interface HttpReply {
  status: number;
  headers: IncomingHttpHeaders;
  url: URL;
  /** The body's bytes as they were sent (never decompressed). Throws RegistryUnreachableError when it breaks off or stalls. */
  bytes(): AsyncGenerator<Uint8Array, void, undefined>;
  /** Reads a body of at most `limitBytes`, within 60 s. @throws RegistryProtocolError when it is longer */
  buffer(limitBytes: number): Promise<Buffer>;
  discard(): void;
}

/** How a host is to be trusted. */
export interface HostTrust {
  verify: boolean;
  certificates: HostCertificates;
}

export interface HttpClientOptions {
  /** @param authority host with port where it is not the scheme's own */
  trustOf(authority: string): Promise<HostTrust>;
  /** HTTP_PROXY, HTTPS_PROXY, NO_PROXY, in either case. */
  proxyEnv: NodeJS.ProcessEnv;
  userAgent: string;
  limits: StallLimits;
}

const HEAD_DEADLINE_MS = 60_000;
const SMALL_BODY_DEADLINE_MS = 60_000;
const FREE_SOCKET_MS = 15_000;
const MOST_AGENTS = 64;

/**
 * HTTP/1.1 with kept connections, proxies of the environment and a trust of its own per host. One request, one reply: it follows
 * no redirect, repeats nothing and knows no registry. Every wait has an end, and an abort ends it at once.
 */
export class HttpClient implements Disposable {
  readonly #options: HttpClientOptions;
  readonly #agents = new Map<string, Promise<Agent>>();

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /** @throws RegistryUnreachableError, or the signal's reason */
  async send(request: HttpRequest): Promise<HttpReply> {
    request.signal?.throwIfAborted();
    const agent = await this.#agentFor(request.url);
    const whole = request.body instanceof Uint8Array ? request.body : undefined;
    const length = whole?.byteLength ?? (request.body instanceof Uint8Array ? undefined : request.body?.bytes);
    const message = (request.url.protocol === 'https:' ? httpsRequest : httpRequest)(request.url, {
      method: request.method, agent,
      headers: {
        'user-agent': this.#options.userAgent, 'accept-encoding': 'identity', ...request.headers,
        ...(length === undefined ? (request.method === 'GET' || request.method === 'HEAD' ? {} : { 'content-length': '0' }) : { 'content-length': String(length) }),
      },
      ...(request.signal ? { signal: request.signal } : {}),
    });
    try {
      const reply = await this.#exchange(message, request);
      return this.#wrap(reply, request);
    } catch (error) {
      message.destroy();
      if (request.signal?.aborted === true) throw request.signal.reason;
      throw connectionError(error, request.url);
    }
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) void agent.then((built) => built.destroy(), () => undefined);
    this.#agents.clear();
  }

  /** Certificates and insecure registries may have changed: later requests look again. */
  forgetTrust(): void {
    this.#agents.clear();
  }

  async #exchange(message: ClientRequest, request: HttpRequest): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    message.on('error', reject);
    message.once('response', resolve);
    // A switch of protocols was not asked for.
    message.once('upgrade', (_reply, socket) => { socket.destroy(); reject(new RegistryUnreachableError(`registry ${request.url.host} switched to another protocol`, { passing: false })); });
    const timer = setTimeout(() => { reject(new RegistryUnreachableError(`registry ${request.url.host} did not answer within ${HEAD_DEADLINE_MS / 1000} s`, { passing: true })); }, HEAD_DEADLINE_MS);
    try {
      const source = request.body === undefined || request.body instanceof Uint8Array ? undefined : request.body.source;
      if (source) await this.#sendBody(message, source, { answered: promise, timer, host: request.url.host });
      else message.end(request.body);
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends early when the registry answers before it has read everything: that answer is then the result. */
  async #sendBody(message: ClientRequest, source: AsyncIterable<Uint8Array>, context: { answered: Promise<unknown>; timer: NodeJS.Timeout; host: string }): Promise<void> {
    const state = { settled: false };
    const settle = (): void => { state.settled = true; };
    context.answered.then(settle, settle);
    using watch = new StallWatch({ host: context.host, limits: { ...this.#options.limits, leastBytesPerSecond: 0 }, onStall: (error) => message.destroy(error) });
    const iterator = source[Symbol.asyncIterator]();
    try {
      while (!state.settled) {
        // A source that gives nothing more must not keep an answer, or an abort, from being heard.
        const next = await Promise.race([iterator.next(), context.answered.then(() => undefined, () => undefined)]);
        if (next === undefined || next.done === true) break;
        context.timer.refresh();
        watch.wait();
        if (!message.write(next.value)) await Promise.race([drained(message), context.answered.catch(() => undefined)]);
        watch.moved(next.value.byteLength);
      }
    } finally {
      if (state.settled) void iterator.return?.().catch(() => undefined);
    }
    if (!state.settled) message.end();
  }

  #wrap(reply: IncomingMessage, request: HttpRequest): HttpReply {
    const { url, signal } = request;
    const limits = this.#options.limits;
    async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
      using watch = new StallWatch({ host: url.host, limits, onStall: (error) => reply.destroy(error) });
      try {
        watch.wait();
        for await (const chunk of reply as AsyncIterable<Uint8Array>) {
          watch.moved(chunk.byteLength);
          yield chunk;
          watch.wait();
        }
      } catch (error) {
        if (signal?.aborted === true) throw signal.reason;
        throw connectionError(error, url);
      }
      if (!reply.complete) throw new RegistryUnreachableError(`registry ${url.host} broke off in the middle of its reply`, { passing: true });
    }
    const buffer = async (limitBytes: number): Promise<Buffer> => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      const timer = setTimeout(() => { reply.destroy(new RegistryUnreachableError(`registry ${url.host} needs more than ${SMALL_BODY_DEADLINE_MS / 1000} s for a small reply`, { passing: true })); }, SMALL_BODY_DEADLINE_MS);
      try {
        for await (const chunk of bytes()) {
          size += chunk.byteLength;
          if (size > limitBytes) throw new RegistryProtocolError(`registry ${url.host} sent more than ${limitBytes} bytes for ${url.pathname}`);
          chunks.push(chunk);
        }
      } finally {
        clearTimeout(timer);
      }
      return Buffer.concat(chunks);
    };
    // What is left of a small reply is cheaper to read than a new connection is to open.
    const discard = (): void => {
      if (Number(reply.headers['content-length'] ?? Infinity) <= 64 * 1024) reply.on('error', () => undefined).resume();
      else reply.destroy();
    };
    reply.on('error', () => undefined);
    return { status: reply.statusCode ?? 0, headers: reply.headers, url, bytes, buffer, discard };
  }

  #agentFor(url: URL): Promise<Agent> {
    const key = `${url.protocol}//${url.host}`;
    const known = this.#agents.get(key);
    if (known) return known;
    const oldest = this.#agents.size >= MOST_AGENTS ? this.#agents.keys().next().value : undefined;
    if (oldest !== undefined) this.#agents.delete(oldest);
    const built = this.#buildAgent(url);
    this.#agents.set(key, built);
    built.catch(() => this.#agents.delete(key));
    return built;
  }

  async #buildAgent(url: URL): Promise<Agent> {
    const common = { keepAlive: true, timeout: FREE_SOCKET_MS, ...(isLoopback(url) ? {} : { proxyEnv: this.#options.proxyEnv }) };
    if (url.protocol === 'http:') return new Agent(common);
    const { verify, certificates } = await this.#options.trustOf(url.host);
    const secureContext = createSecureContext({
      ca: [...trustedRoots(), ...certificates.authorities],
      cert: certificates.clients.map(({ cert }) => cert), key: certificates.clients.map(({ key }) => key), minVersion: 'TLSv1.2',
    });
    return new SecureAgent({ ...common, secureContext, rejectUnauthorized: verify });
  }
}

/** As everywhere, this machine itself is never reached through a proxy. */
function isLoopback(url: URL): boolean {
  const { host } = splitAuthority(url.host);
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

async function drained(message: ClientRequest): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  message.once('drain', resolve);
  message.once('close', resolve);
  await promise;
  message.off('drain', resolve);
  message.off('close', resolve);
}
