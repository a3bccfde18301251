import { connectionError } from './connection-error.ts';
import { answerOf, type HttpReply } from './http-exchange.ts';
import { type HostTrust, HttpOrigin } from './http-origin.ts';
import type { ProxySettings } from './proxy-settings.ts';
import type { StallLimits } from './stall-watch.ts';

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: URL;
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array | { bytes: number; source: AsyncIterable<Uint8Array> };
  signal?: AbortSignal | undefined;
}

export interface HttpClientOptions {
  /** @param authority host with port where it is not the scheme's own */
  trustOf(authority: string): Promise<HostTrust>;
  proxies: ProxySettings;
  http2: boolean;
  userAgent: string;
  limits: StallLimits;
}

const MOST_ORIGINS = 64;

/**
 * HTTP/1.1 and 2 with kept connections, proxies and a trust of its own per host. One request, one reply: it follows no redirect,
 * repeats nothing and knows no registry. Every wait has an end, and an abort ends it at once.
 */
export class HttpClient implements Disposable {
  readonly #options: HttpClientOptions;
  readonly #origins = new Map<string, Promise<HttpOrigin>>();

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /** @throws RegistryUnreachableError, or the signal's reason */
  async send(request: HttpRequest): Promise<HttpReply> {
    const { url, signal, body } = request;
    signal?.throwIfAborted();
    let destroy = (): void => undefined;
    try {
      const origin = await this.#originOf(url);
      const exchange = await origin.start({ method: request.method, url, headers: this.#headersOf(request), signal });
      destroy = () => { exchange.sending.destroy(); };
      return await answerOf(exchange, { url, body, limits: this.#options.limits, signal });
    } catch (error) {
      destroy();
      if (signal?.aborted === true) throw signal.reason;
      throw connectionError(error, url);
    }
  }

  [Symbol.dispose](): void {
    for (const origin of this.#origins.values()) void origin.then((opened) => { opened[Symbol.dispose](); }, () => undefined);
    this.#origins.clear();
  }

  /** Certificates and insecure registries may have changed: later requests look again. Transfers that run go on; idle connections end soon. */
  forgetTrust(): void {
    this.#origins.clear();
  }

  #headersOf(request: HttpRequest): Record<string, string> {
    const { method, body } = request;
    const length = body instanceof Uint8Array ? body.byteLength : body?.bytes ?? (method === 'GET' || method === 'HEAD' ? undefined : 0);
    return { 'user-agent': this.#options.userAgent, 'accept-encoding': 'identity', ...request.headers, ...(length === undefined ? {} : { 'content-length': String(length) }) };
  }

  #originOf(url: URL): Promise<HttpOrigin> {
    const known = this.#origins.get(url.origin);
    if (known) return known;
    const oldest = this.#origins.size >= MOST_ORIGINS ? this.#origins.keys().next().value : undefined;
    if (oldest !== undefined) this.#origins.delete(oldest);
    const opened = this.#open(url);
    this.#origins.set(url.origin, opened);
    opened.catch(() => this.#origins.delete(url.origin));
    return opened;
  }

  async #open(url: URL): Promise<HttpOrigin> {
    const { proxies, http2 } = this.#options;
    return new HttpOrigin({ url, http2, proxy: proxies.proxyFor(url), trust: url.protocol === 'https:' ? await this.#options.trustOf(url.host) : undefined });
  }
}
