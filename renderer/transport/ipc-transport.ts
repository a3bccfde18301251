import { errorFromStatus, UnavailableError } from '../../src/api/errors.ts';
import type { BridgeReply, BridgeRequest, DesktopBridge, PeerName } from '../../src/api/desktop.ts';
import type { Transport, TransportRequest, TransportResponse, UpgradedConnection } from '../../src/api/transport.ts';
import { ChunkQueue } from './chunk-queue.ts';

/** The way out of the window of the desktop app: requests and streams over the bridge of `src/api/desktop.ts`. */
export class IpcTransport implements Transport {
  readonly #bridge: DesktopBridge;
  readonly #peer: PeerName;
  readonly #queues: Map<string, ChunkQueue>;

  private constructor(bridge: DesktopBridge, peer: PeerName, queues: Map<string, ChunkQueue>) {
    this.#bridge = bridge;
    this.#peer = peer;
    this.#queues = queues;
  }

  /** The transports to engine and machine. Both share the bridge's one listener. */
  static pair(bridge: DesktopBridge): [engine: IpcTransport, machine: IpcTransport] {
    const queues = new Map<string, ChunkQueue>();
    bridge.onEvent((event) => {
      const queue = queues.get(event.id);
      if (event.type === 'chunk') {
        queue?.push(event.data);
        return;
      }
      queues.delete(event.id);
      queue?.end(event.type === 'error' ? errorFromStatus(event.status, event.message) : undefined);
    });
    return [new IpcTransport(bridge, 'engine', queues), new IpcTransport(bridge, 'machine', queues)];
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    const { id, queue, reply } = await this.#open(request, false);
    if (!reply.ok) throw this.#refused(id, reply);
    return { status: reply.status, headers: reply.headers, body: queue };
  }

  async upgrade(request: TransportRequest): Promise<UpgradedConnection> {
    const { id, queue, reply } = await this.#open(request, true);
    if (!reply.ok) throw this.#refused(id, reply);
    return {
      headers: reply.headers,
      output: queue,
      write: (chunk) => this.#bridge.write(id, chunk),
      end: () => this.#bridge.write(id, null),
      close: () => this.#drop(id),
    };
  }

  async #open(request: TransportRequest, upgrade: boolean): Promise<{ id: string; queue: ChunkQueue; reply: BridgeReply }> {
    request.signal?.throwIfAborted();
    const id = crypto.randomUUID();
    const queue = new ChunkQueue({ onRead: (bytes) => this.#bridge.credit(id, bytes), onAbandon: () => this.#drop(id) });
    this.#queues.set(id, queue);
    const abort = Promise.withResolvers<never>();
    abort.promise.catch(() => undefined);
    request.signal?.addEventListener('abort', () => {
      const reason = abortReason(request.signal);
      queue.end(reason);
      this.#drop(id);
      abort.reject(reason);
    }, { once: true });
    const opened = this.#bridge.open({ ...wireRequest(request, id, this.#peer), upgrade });
    if (isStream(request.body)) this.#pump(id, request.body);
    return { id, queue, reply: await Promise.race([opened, abort.promise]) };
  }

  /** Streams a request body; a failure of its source drops the connection, which the reader of the reply then sees. */
  #pump(id: string, body: AsyncIterable<Uint8Array>): void {
    const run = async (): Promise<void> => {
      for await (const chunk of body) await this.#bridge.write(id, chunk);
      await this.#bridge.write(id, null);
    };
    run().catch(() => this.#drop(id));
  }

  #drop(id: string): void {
    this.#queues.get(id)?.end(new UnavailableError('the connection was closed'));
    this.#queues.delete(id);
    this.#bridge.close(id);
  }

  #refused(id: string, reply: Extract<BridgeReply, { ok: false }>): Error {
    this.#queues.delete(id);
    return errorFromStatus(reply.status, reply.message);
  }
}

function wireRequest(request: TransportRequest, id: string, peer: PeerName): Omit<BridgeRequest, 'upgrade'> {
  const { body } = request;
  return {
    id, peer, method: request.method, path: request.path, headers: request.headers ?? {},
    body: body === undefined ? 'none' : typeof body === 'string' ? new TextEncoder().encode(body) : body instanceof Uint8Array ? body : 'stream',
  };
}

function isStream(body: TransportRequest['body']): body is AsyncIterable<Uint8Array> {
  return body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
}

function abortReason(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new DOMException('the request was aborted', 'AbortError');
}
