import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { connectionError } from './connection-error.ts';
import { RegistryProtocolError, RegistryUnreachableError } from './registry-error.ts';
import { StallWatch, type StallLimits } from './stall-watch.ts';

/** The part of a request that is sent: a message of HTTP/1.1, or a stream of HTTP/2. */
export interface Sending {
  write(chunk: Uint8Array): boolean;
  end(chunk?: Uint8Array): unknown;
  destroy(error?: Error): unknown;
  once(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
}

/** A request on its way, in either version of HTTP. */
export interface Exchange {
  sending: Sending;
  /** The head of the reply. */
  answered: Promise<Answer>;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Readable;
  /** Whether the body has come whole, once it has ended. */
  complete(): boolean;
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

export interface ExchangeOptions {
  url: URL;
  body: Uint8Array | { source: AsyncIterable<Uint8Array> } | undefined;
  limits: StallLimits;
  signal: AbortSignal | undefined;
}

const HEAD_DEADLINE_MS = 60_000;
const SMALL_BODY_DEADLINE_MS = 60_000;
/** What is left of a small reply is cheaper to read than a new connection is to open. */
const SMALL_BODY_BYTES = 64 * 1024;

/** Sends the body and waits for the head of the reply. @throws whatever ends the exchange */
export async function answerOf(exchange: Exchange, options: ExchangeOptions): Promise<HttpReply> {
  const { sending, answered } = exchange;
  const { url, body } = options;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => { late.reject(new RegistryUnreachableError(`registry ${url.host} did not answer within ${HEAD_DEADLINE_MS / 1000} s`, { passing: true })); }, HEAD_DEADLINE_MS);
  const first = Promise.race([answered, late.promise]);
  try {
    if (body === undefined || body instanceof Uint8Array) sending.end(body);
    else await sendBody(sending, body.source, { ...options, first, timer });
    return wrap(await first, options);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends early when the registry answers before it has read everything: that answer is then the result. */
async function sendBody(sending: Sending, source: AsyncIterable<Uint8Array>, context: ExchangeOptions & { first: Promise<unknown>; timer: NodeJS.Timeout }): Promise<void> {
  const state = { settled: false };
  const settle = (): undefined => { state.settled = true; };
  const settled = context.first.then(settle, settle);
  using watch = new StallWatch({ host: context.url.host, limits: { ...context.limits, leastBytesPerSecond: 0 }, onStall: (error) => sending.destroy(error) });
  const iterator = source[Symbol.asyncIterator]();
  try {
    while (!state.settled) {
      // A source that gives nothing more must not keep an answer, or an abort, from being heard.
      const next = await Promise.race([iterator.next(), settled]);
      if (next === undefined || next.done === true) break;
      context.timer.refresh();
      watch.wait();
      if (!sending.write(next.value)) await Promise.race([drained(sending), settled]);
      watch.moved(next.value.byteLength);
    }
  } finally {
    if (state.settled) void iterator.return?.().catch(() => undefined);
  }
  if (!state.settled) sending.end();
}

function wrap(answer: Answer, { url, signal, limits }: ExchangeOptions): HttpReply {
  const { body } = answer;
  body.on('error', () => undefined);
  async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    using watch = new StallWatch({ host: url.host, limits, onStall: (error) => body.destroy(error) });
    try {
      watch.wait();
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        watch.moved(chunk.byteLength);
        yield chunk;
        watch.wait();
      }
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      throw connectionError(error, url);
    }
    if (!answer.complete()) throw new RegistryUnreachableError(`registry ${url.host} broke off in the middle of its reply`, { passing: true });
  }
  const buffer = async (limitBytes: number): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const timer = setTimeout(() => { body.destroy(new RegistryUnreachableError(`registry ${url.host} needs more than ${SMALL_BODY_DEADLINE_MS / 1000} s for a small reply`, { passing: true })); }, SMALL_BODY_DEADLINE_MS);
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
  const discard = (): void => {
    if (Number(answer.headers['content-length'] ?? Infinity) <= SMALL_BODY_BYTES) body.resume();
    else body.destroy();
  };
  return { status: answer.status, headers: answer.headers, url, bytes, buffer, discard };
}

async function drained(sending: Sending): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  sending.once('drain', resolve);
  sending.once('close', resolve);
  await promise;
  sending.off('drain', resolve);
  sending.off('close', resolve);
}
