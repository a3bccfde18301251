import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NetworkNamespace } from '../fixtures/network-namespace.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { bridgeInto } from './bridge-into.ts';
import { freePort } from './registry-program.ts';

/** What happens to one request; undefined lets it through. */
export interface Fault {
  /** Answer this instead of asking the registry. */
  status?: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Cut the connection after this many bytes of the real body. */
  dropAfter?: number;
  /** Nothing more after this many bytes of the real body; the connection stays. */
  holdAfter?: number;
  /** Send the head and nothing more. */
  stall?: boolean;
  /** Send as many bytes, but others. */
  spoil?: boolean;
  /** Send the real head, and then one byte of the body every so many milliseconds. */
  dripMs?: number;
  /** The Authorization that the registry sees instead of the client's. */
  authorization?: string;
}

/** Stands between a client and a registry and spoils what it is told to. */
export class FaultProxy implements AsyncDisposable {
  readonly authority: string;
  /** With how many bytes of the body went to the client. */
  readonly seen: { method: string; path: string; headers: IncomingMessage['headers']; bytes: number }[] = [];
  /** Asked for every request. */
  fault: (request: IncomingMessage) => Fault | undefined = () => undefined;
  readonly #server: Server;
  readonly #cleanup: AsyncDisposableStack;

  private constructor(port: number, server: Server, cleanup: AsyncDisposableStack) {
    this.authority = `127.0.0.1:${String(port)}`;
    this.#server = server;
    this.#cleanup = cleanup;
  }

  /**
   * @param target authority of the registry; undefined for a proxy that answers everything itself
   * @param network on whose loopback it is found, e.g. an engine's; the test's own unless given
   */
  static async start(target: string | undefined, network?: NetworkNamespace): Promise<FaultProxy> {
    await using cleanup = new AsyncDisposableStack();
    const scratch = cleanup.use(await Scratch.create('fault'));
    const server = createServer((request, response) => { proxy.#handle(target, request, response); });
    const listening = Promise.withResolvers<void>();
    const ready = (): void => { listening.resolve(); };
    if (network === undefined) server.listen(0, '127.0.0.1', ready);
    else server.listen(scratch.file('sock'), ready);
    await listening.promise;
    const port = network === undefined ? (server.address() as AddressInfo).port : await freePort();
    if (network !== undefined) cleanup.use(await bridgeInto(network, port, scratch.file('sock')));
    const proxy = new FaultProxy(port, server, cleanup.move());
    return proxy;
  }

  #handle(target: string | undefined, request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '/';
    const seen = { method: request.method ?? '', path, headers: request.headers, bytes: 0 };
    this.seen.push(seen);
    const fault = this.fault(request);
    response.on('error', () => undefined);
    if (fault?.stall === true) { response.writeHead(200, { 'content-length': '1000000' }); response.write('x'); return; }
    if (fault?.status !== undefined || target === undefined) {
      request.resume();
      response.writeHead(fault?.status ?? 404, fault?.headers ?? {});
      response.end(request.method === 'HEAD' ? undefined : fault?.body);
      return;
    }
    const [host, port] = target.split(':');
    const onward = httpRequest({ host, port, path, method: request.method, headers: { ...request.headers, host: this.authority, ...(fault?.authorization === undefined ? {} : { authorization: fault.authorization }) } }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, { ...reply.headers, ...fault?.headers });
      if (fault?.dripMs !== undefined) { drip(reply, response, fault.dripMs); return; }
      let sent = 0;
      reply.on('data', (chunk: Buffer) => {
        const rest = Math.min(fault?.dropAfter ?? Infinity, fault?.holdAfter ?? Infinity) - sent;
        sent += chunk.length;
        if (fault?.spoil === true) chunk.fill(0);
        const part = chunk.subarray(0, Math.max(0, Math.min(rest, chunk.length)));
        seen.bytes += part.length;
        response.write(part);
        if (sent >= (fault?.dropAfter ?? Infinity)) setTimeout(() => { response.destroy(); }, 20);
      });
      reply.on('end', () => { if (fault?.dropAfter === undefined && fault?.holdAfter === undefined) response.end(); });
    });
    // A registry that has answered need not read the rest.
    onward.on('error', () => { if (!response.writableEnded) response.destroy(); });
    request.on('error', () => { onward.destroy(); });
    request.pipe(onward);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => { closed.resolve(); });
    await closed.promise;
    await this.#cleanup[Symbol.asyncDispose]();
  }
}

function drip(reply: IncomingMessage, response: ServerResponse, everyMs: number): void {
  const timer = setInterval(() => {
    const byte: unknown = reply.read(1);
    if (byte instanceof Buffer) response.write(byte);
  }, everyMs);
  response.on('close', () => { clearInterval(timer); reply.destroy(); });
}
