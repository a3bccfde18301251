import { InvalidArgumentError, messageOf, statusOf, UnavailableError } from '../../api/errors.ts';
import { WINDOW_BYTES, type BridgeEvent, type BridgeReply, type BridgeRequest } from '../../api/desktop.ts';
import type { Transport, TransportRequest, UpgradedConnection } from '../../api/transport.ts';
import { HandOver } from './hand-over.ts';

/** Pieces that travel to the window: small enough that one connection does not hold up the others. */
const PIECE_BYTES = 64 * 1024;

/** One request or upgraded connection of a window. Ends by itself, or by `close`. */
export class BridgeConnection {
  readonly #request: BridgeRequest;
  readonly #transport: Transport;
  readonly #send: (event: BridgeEvent) => void;
  readonly #body = new HandOver();
  readonly #abort = new AbortController();
  #upgraded: UpgradedConnection | undefined;
  #underWay = 0;
  #creditArrived: () => void = () => undefined;

  constructor(request: BridgeRequest, transport: Transport, send: (event: BridgeEvent) => void) {
    this.#request = request;
    this.#transport = transport;
    this.#send = send;
  }

  /** Opens it. `onEnd` is called when nothing more will come, also when it could not be opened. Never throws. */
  async open(onEnd: () => void): Promise<BridgeReply> {
    try {
      const { reply, output } = this.#request.upgrade ? await this.#openUpgraded() : await this.#openRequest();
      void this.#forward(output).finally(onEnd);
      return reply;
    } catch (error) {
      this.#body.abandon();
      onEnd();
      return { ok: false, status: statusOf(error), message: messageOf(error) };
    }
  }

  /** Resolves when more can be taken. `null` ends our side. @throws Error when the connection is gone. */
  async write(chunk: Uint8Array | null): Promise<void> {
    if (this.#upgraded !== undefined) {
      await (chunk === null ? this.#upgraded.end() : this.#upgraded.write(chunk));
    } else if (this.#request.upgrade || this.#request.body !== 'stream') {
      throw new InvalidArgumentError('bridge request: this connection takes no input now');
    } else if (chunk === null) this.#body.end();
    else await this.#body.give(chunk);
  }

  credit(bytes: number): void {
    this.#underWay = Math.max(0, this.#underWay - bytes);
    this.#creditArrived();
  }

  close(): void {
    this.#abort.abort(new UnavailableError('the connection was closed'));
    this.#upgraded?.close();
    this.#body.abandon();
    this.#creditArrived();
  }

  async #openRequest(): Promise<{ reply: BridgeReply; output: AsyncIterable<Uint8Array> }> {
    const { status, headers, body } = await this.#transport.request(this.#toTransport());
    return { reply: { ok: true, status, headers }, output: body };
  }

  async #openUpgraded(): Promise<{ reply: BridgeReply; output: AsyncIterable<Uint8Array> }> {
    this.#upgraded = await this.#transport.upgrade(this.#toTransport());
    return { reply: { ok: true, status: 101, headers: this.#upgraded.headers }, output: this.#upgraded.output };
  }

  #toTransport(): TransportRequest {
    const { method, path, headers, body } = this.#request;
    return { method, path, headers, signal: this.#abort.signal, ...(body === 'none' ? {} : { body: body === 'stream' ? this.#body : body }) };
  }

  async #forward(output: AsyncIterable<Uint8Array>): Promise<void> {
    const { id } = this.#request;
    try {
      for await (const chunk of output) {
        for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
          await this.#roomForMore();
          const data = chunk.subarray(at, at + PIECE_BYTES);
          this.#underWay += data.length;
          this.#send({ id, type: 'chunk', data });
        }
      }
      this.#send({ id, type: 'end' });
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#send({ id, type: 'error', status: statusOf(error), message: messageOf(error) });
    } finally {
      this.#body.abandon();
    }
  }

  async #roomForMore(): Promise<void> {
    while (this.#underWay >= WINDOW_BYTES) {
      await new Promise<void>((resolve) => { this.#creditArrived = resolve; });
      this.#abort.signal.throwIfAborted();
    }
    this.#abort.signal.throwIfAborted();
  }
}
