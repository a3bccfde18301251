import { type BackoffPolicy, retry } from '../../base/retry.ts';
import type { Logger } from '../../base/log.ts';
import { messageOf } from '../../api/errors.ts';
import type { Authorizer } from './authorizer.ts';
import { parseChallenges } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import type { Endpoint } from './endpoint.ts';
import type { HttpClient, HttpRequest } from './http-client.ts';
import type { HttpReply } from './http-exchange.ts';
import { RegistryProtocolError, RegistryUnreachableError, replyError, worthRetrying } from './registry-error.ts';

export interface RegistryRequest {
  method: HttpRequest['method'];
  /** Under `/v2/`, or the URL that an earlier reply named. */
  target: string | URL;
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array | StreamedBody;
  scopes: readonly string[];
  /** Statuses that are an answer; all others are thrown. */
  accept: readonly number[];
  /** For messages: `manifest library/busybox:latest`. */
  what: string;
  signal?: AbortSignal | undefined;
}

/** A body too large to be held. It is opened again, from its first byte, when it has to be sent with another token. */
export interface StreamedBody {
  bytes: number;
  open(): AsyncIterable<Uint8Array>;
}

export interface RegistryClientOptions {
  http: HttpClient;
  authorizer: Authorizer;
  endpoint: Endpoint;
  credentials: Credentials;
  /** Sent to the registry itself with every request (docker's X-Meta-*). */
  metaHeaders?: Readonly<Record<string, string>>;
  policy: BackoffPolicy;
  /** Called when no connection could be had, or one broke. */
  onUnreachable?: () => void;
  log: Logger;
}

const MOST_REDIRECTS = 10;
const ERROR_LIMIT_BYTES = 64 * 1024;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * One registry, for one user: asks with the authorization that it wants, follows redirects, waits and asks again where that may
 * help, and turns every other answer than the accepted ones into a RegistryReplyError.
 *
 * Credentials leave with requests to the registry's own origin only; a redirect to anywhere else gets none, and none from TLS to
 * plain HTTP is followed.
 */
export class RegistryClient {
  readonly endpoint: Endpoint;
  readonly #options: RegistryClientOptions;

  constructor(options: RegistryClientOptions) {
    this.endpoint = options.endpoint;
    this.#options = options;
  }

  /** Repeats the request as the policy says, unless its body is a stream: how much of it has arrived, only its owner can ask. */
  send(request: RegistryRequest): Promise<HttpReply> {
    return retry(() => this.sendOnce(request), {
      policy: isStream(request.body) ? { ...this.#options.policy, attempts: 1 } : this.#options.policy,
      worthwhile: worthRetrying, signal: request.signal,
      onRetry: (error, waitMs) => { this.#options.log.debug('asking registry again', { host: this.endpoint.base.host, what: request.what, waitMs: Math.round(waitMs), error: messageOf(error) }); },
    });
  }

  /** Sends it once; a 401 that a new token may mend is answered with the same request again, once. */
  async sendOnce(request: RegistryRequest): Promise<HttpReply> {
    const reply = await this.#authorized(request).catch((error: unknown) => {
      if (error instanceof RegistryUnreachableError) this.#options.onUnreachable?.();
      throw error;
    });
    if (request.accept.includes(reply.status)) return reply;
    const body = request.method === 'HEAD' ? '' : (await reply.buffer(ERROR_LIMIT_BYTES).catch(() => Buffer.alloc(0))).toString('utf8');
    reply.discard();
    // What another host says in an error page is nobody's business: a registry could have sent us there to read it.
    const own = reply.url.origin === this.endpoint.base.origin;
    throw replyError({ status: reply.status, body: own ? body : '', retryAfter: reply.headers['retry-after'], challenges: own ? parseChallenges(reply.headers['www-authenticate']) : [] }, request.what);
  }

  /** Where a Location header leads, seen from `from`. @throws RegistryProtocolError when it leads nowhere */
  locate(from: URL, location: string | undefined): URL {
    if (location === undefined || !URL.canParse(location, from)) throw new RegistryProtocolError(`registry ${from.host} sent no valid Location`);
    const target = new URL(location, from);
    if (target.protocol !== 'https:' && target.protocol !== 'http:') throw new RegistryProtocolError(`registry ${from.host} leads to ${target.protocol}// instead of http`);
    if (target.protocol === 'http:' && from.protocol === 'https:' && this.endpoint.secure) throw new RegistryProtocolError(`registry ${from.host} leads from https to http on ${target.host}`);
    target.username = '';
    target.password = '';
    target.hash = '';
    return target;
  }

  async #authorized(request: RegistryRequest): Promise<HttpReply> {
    const context = { endpoint: this.endpoint, credentials: this.#options.credentials, scopes: request.scopes, signal: request.signal };
    const start = typeof request.target === 'string' ? new URL(`v2/${request.target}`, this.endpoint.base) : request.target;
    for (let attempt = 0; ; attempt += 1) {
      const authorization = await this.#options.authorizer.header(context);
      const reply = await this.#follow(request, start, authorization);
      const ours = reply.status === 401 && reply.url.origin === this.endpoint.base.origin;
      if (!ours || attempt > 0) return reply;
      if (!this.#options.authorizer.challenged(context, parseChallenges(reply.headers['www-authenticate']), authorization)) return reply;
      reply.discard();
    }
  }

  async #follow(request: RegistryRequest, start: URL, authorization: string | undefined): Promise<HttpReply> {
    const seen = new Set<string>();
    for (let url = start; ;) {
      const reply = await this.#options.http.send({
        method: request.method, url, signal: request.signal, headers: this.#headersFor(url, request, authorization),
        ...(request.body === undefined ? {} : { body: isStream(request.body) ? { bytes: request.body.bytes, source: request.body.open() } : request.body }),
      });
      if (!REDIRECTS.has(reply.status) || request.accept.includes(reply.status) || !mayFollow(request, reply.status)) return reply;
      reply.discard();
      seen.add(url.href);
      url = this.locate(url, reply.headers.location);
      if (seen.has(url.href)) throw new RegistryProtocolError(`${request.what}: registry ${this.endpoint.base.host} redirects in a circle`);
      if (seen.size >= MOST_REDIRECTS) throw new RegistryProtocolError(`${request.what}: registry ${this.endpoint.base.host} redirects more than ${MOST_REDIRECTS} times`);
    }
  }

  #headersFor(url: URL, request: RegistryRequest, authorization: string | undefined): Record<string, string> {
    if (url.origin !== this.endpoint.base.origin) return { ...request.headers };
    return { ...this.#options.metaHeaders, ...request.headers, ...(authorization === undefined ? {} : { authorization }) };
  }
}

function isStream(body: RegistryRequest['body']): body is StreamedBody {
  return body !== undefined && !(body instanceof Uint8Array);
}

/** A stream, and a method that a 301 would turn into GET, are not sent on. */
function mayFollow(request: RegistryRequest, status: number): boolean {
  if (request.method === 'GET' || request.method === 'HEAD') return true;
  return (status === 307 || status === 308) && !isStream(request.body);
}
