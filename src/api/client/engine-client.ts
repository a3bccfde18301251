import type { Transport, TransportRequest, TransportResponse, UpgradedConnection } from '../transport.ts';
import { errorFromStatus, NotModifiedError } from '../errors.ts';

/** Query values; `undefined` and `false` are left out, `true` becomes `1`, objects become JSON (filters). */
export type Query = Readonly<Record<string, string | number | boolean | object | undefined>>;

export interface CallOptions {
  query?: Query;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is, with `contentType`. */
  body?: TransportRequest['body'];
  contentType?: string;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

/**
 * The typed client's core: turns calls into requests and replies into values or errors of `api/errors.ts`.
 * Endpoint groups (`containers`, `images`, `system` …) are functions over it, one file each.
 */
export class EngineClient {
  readonly #transport: Transport;
  readonly #prefix: string;

  /** @param apiVersion fixed version such as `1.51`; without it requests are unversioned and the engine takes its newest. */
  constructor(transport: Transport, options: { apiVersion?: string } = {}) {
    this.#transport = transport;
    this.#prefix = options.apiVersion === undefined ? '' : `/v${options.apiVersion}`;
  }

  /** @throws the StrataError that the reply's status stands for. */
  async send(method: TransportRequest['method'], path: string, options: CallOptions = {}): Promise<TransportResponse> {
    const response = await this.#transport.request(this.#toRequest(method, path, options));
    if (response.status === 304) throw new NotModifiedError(`${method} ${path}: not modified`);
    if (response.status >= 400) throw errorFromStatus(response.status, await errorMessage(response));
    return response;
  }

  async json<T>(method: TransportRequest['method'], path: string, options: CallOptions = {}): Promise<T> {
    const response = await this.send(method, path, options);
    return JSON.parse(await text(response.body)) as T;
  }

  /** For replies without content. */
  async call(method: TransportRequest['method'], path: string, options: CallOptions = {}): Promise<void> {
    const response = await this.send(method, path, options);
    await text(response.body);
  }

  async stream(method: TransportRequest['method'], path: string, options: CallOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    return (await this.send(method, path, options)).body;
  }

  upgrade(path: string, options: CallOptions = {}): Promise<UpgradedConnection> {
    return this.#transport.upgrade(this.#toRequest('POST', path, options));
  }

  #toRequest(method: TransportRequest['method'], path: string, options: CallOptions): TransportRequest {
    const headers: Record<string, string> = { ...options.headers };
    const body = options.json === undefined ? options.body : JSON.stringify(options.json);
    if (options.json !== undefined) headers['content-type'] = 'application/json';
    else if (options.contentType !== undefined) headers['content-type'] = options.contentType;
    return {
      method,
      path: this.#prefix + path + encodeQuery(options.query ?? {}),
      headers,
      ...(body === undefined ? {} : { body }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    };
  }
}

export function encodeQuery(query: Query): string {
  const parts = Object.entries(query).flatMap(([key, value]) => {
    if (value === undefined || value === false) return [];
    const encoded = value === true ? '1' : typeof value === 'object' ? JSON.stringify(value) : String(value);
    return [`${encodeURIComponent(key)}=${encodeURIComponent(encoded)}`];
  });
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

/** Reads a body to its end as UTF-8. */
export async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let result = '';
  for await (const chunk of body) result += decoder.decode(chunk, { stream: true });
  return result + decoder.decode();
}

async function errorMessage(response: TransportResponse): Promise<string> {
  const raw = await text(response.body);
  try {
    const parsed: unknown = JSON.parse(raw);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed && typeof parsed.message === 'string') return parsed.message;
  } catch {
    // Not JSON: old daemons and proxies answer in plain text, which is then the message.
  }
  return raw.trim() === '' ? `engine answered with status ${String(response.status)}` : raw.trim();
}
