import { UnavailableError } from '../../src/api/errors.ts';
import { BRIDGE_PATHS } from '../../src/api/bridge.ts';
import type { PeerName } from '../../src/api/desktop.ts';
import type { Transport, TransportRequest, TransportResponse, UpgradedConnection } from '../../src/api/transport.ts';
import { openSocket } from './socket-connection.ts';

/** The way out of a browser page: the server of `strata gui`, as `src/api/bridge.ts` describes it. */
export class HttpTransport implements Transport {
  readonly #prefix: string;
  readonly #socketPath: string;

  constructor(peer: PeerName) {
    this.#prefix = peer === 'engine' ? BRIDGE_PATHS.engine : BRIDGE_PATHS.machine;
    this.#socketPath = peer === 'engine' ? BRIDGE_PATHS.engineSocket : BRIDGE_PATHS.machineSocket;
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    const abort = new AbortController();
    const signal = request.signal ? AbortSignal.any([request.signal, abort.signal]) : abort.signal;
    const body = await wholeBody(request.body);
    let response: Response;
    try {
      response = await fetch(`${this.#prefix}${request.path}`, {
        method: request.method, headers: { ...request.headers }, signal, cache: 'no-store', credentials: 'same-origin', redirect: 'error',
        ...(body === undefined ? {} : { body }),
      });
    } catch (error) {
      if (request.signal?.aborted === true) throw error;
      throw new UnavailableError('the server of this page does not answer: start it again with `strata gui` and open the address that it prints', { cause: error });
    }
    return { status: response.status, headers: Object.fromEntries(response.headers), body: chunks(response, abort) };
  }

  upgrade(request: TransportRequest): Promise<UpgradedConnection> {
    return openSocket(this.#socketPath, request);
  }
}

/** Abandoning the iteration aborts the request, which drops the connection behind it. */
async function* chunks(response: Response, abort: AbortController): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    abort.abort();
  }
}

/** Browsers stream no request bodies over HTTP/1.1: an iterable is gathered into a blob, which the browser may keep on disk. */
async function wholeBody(body: TransportRequest['body']): Promise<BodyInit | undefined> {
  if (body === undefined || typeof body === 'string') return body;
  if (body instanceof Uint8Array) return new Blob([ownBytes(body)]);
  const parts: Blob[] = [];
  for await (const chunk of body) parts.push(new Blob([ownBytes(chunk)]));
  return new Blob(parts);
}

function ownBytes(chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(chunk);
}
