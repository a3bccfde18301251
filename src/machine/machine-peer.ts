import { messageOf, NotFoundError, StrataError, UnavailableError } from '../api/errors.ts';
import type { MachineStatus } from '../api/machine.ts';
import { SocketTransport } from '../api/node/socket-transport.ts';
import type { Transport, TransportRequest, TransportResponse, UpgradedConnection } from '../api/transport.ts';
import type { MachineControl } from './machine-control.ts';

/**
 * The peer `machine` of `src/api/desktop.ts`: the agent's control API, and what must be answered while no agent runs,
 * which is the status and `POST /v1/start`.
 */
export class MachinePeer implements Transport {
  readonly #control: MachineControl;
  readonly #agent: SocketTransport;

  constructor(control: MachineControl) {
    this.#control = control;
    this.#agent = new SocketTransport({ kind: process.platform === 'win32' ? 'pipe' : 'unix', path: control.controlSocket });
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    const url = new URL(request.path, 'http://machine');
    const call = `${request.method} ${url.pathname}`;
    await this.#control.ready;
    switch (call) {
      case 'GET /v1/status':
        return url.searchParams.get('watch') === '1' ? this.#watch(request.signal) : answer(200, this.#control.status);
      case 'POST /v1/start': return this.#begin(() => this.#control.start());
      case 'POST /v1/restart': return this.#begin(() => this.#control.restart());
      case 'POST /v1/stop':
        try {
          await this.#control.stop({ force: url.searchParams.get('force') === '1' });
          return answer(204);
        } catch (error) {
          return refusal(error);
        }
      case 'GET /v1/console': return this.#agent.request(request);
      default: return refusal(new NotFoundError(`the machine has no ${call}`));
    }
  }

  async upgrade(request: TransportRequest): Promise<UpgradedConnection> {
    return this.#agent.upgrade(request);
  }

  /** 202 once the work has begun; how it goes on is in the status. What fails at once is answered. */
  async #begin(work: () => Promise<MachineStatus>): Promise<TransportResponse> {
    const begun = Promise.withResolvers<'begun'>();
    const unsubscribe = this.#control.subscribe((status) => { if (status.state === 'starting' || status.state === 'running') begun.resolve('begun'); });
    try {
      await Promise.race([begun.promise, work()]);
      return answer(202);
    } catch (error) {
      return refusal(error);
    } finally {
      unsubscribe();
    }
  }

  #watch(signal: AbortSignal | undefined): TransportResponse {
    return { status: 200, headers: { 'content-type': 'application/x-ndjson' }, body: statusLines(this.#control, signal) };
  }
}

async function* statusLines(control: MachineControl, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const waiting: MachineStatus[] = [];
  let wake: () => void = () => undefined;
  const unsubscribe = control.subscribe((status) => { waiting.push(status); wake(); });
  signal?.addEventListener('abort', () => { wake(); }, { once: true });
  try {
    while (signal?.aborted !== true) {
      const next = waiting.shift();
      if (next !== undefined) yield encoder.encode(`${JSON.stringify(next)}\n`);
      else await new Promise<void>((resolve) => { wake = resolve; });
    }
  } finally {
    unsubscribe();
  }
  throw signal.reason instanceof Error ? signal.reason : new UnavailableError('the connection was closed');
}

function answer(status: number, value?: unknown): TransportResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: once(value === undefined ? '' : JSON.stringify(value)) };
}

function refusal(error: unknown): TransportResponse {
  return answer(error instanceof StrataError ? error.status : 500, { message: messageOf(error) });
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  if (text !== '') yield new TextEncoder().encode(text);
}
