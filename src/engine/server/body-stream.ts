import type { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';

/** A request's body and its reply, whose head has been sent, as one two-way stream. */
export class BodyStream extends Duplex {
  readonly #body: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(body: IncomingMessage, response: ServerResponse) {
    super();
    this.#body = body;
    this.#response = response;
    if (body.readableEnded) this.push(null);
    else body.on('data', (chunk: Buffer) => { if (!this.push(chunk)) body.pause(); }).once('end', () => { this.push(null); });
    response.once('close', () => { this.destroy(); });
    // A client that vanishes is no news to anybody but the handler, which sees the close.
    this.on('error', () => undefined);
  }

  override _read(): void {
    this.#body.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#response.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#response.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#response.writableFinished) this.#response.destroy();
    done(error);
  }
}
