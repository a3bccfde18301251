import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '../../base/log.ts';
import { messageOf, statusOf } from '../../api/errors.ts';
import { prepareConnection } from './bare-hijack.ts';
import { RequestContext, type CommonHeaders, type Upgrade } from './request-context.ts';
import type { Router } from './router.ts';

/** HTTP in front of a router: finds the route, runs its handler, turns errors into replies. It knows no endpoint. */
export class EngineServer {
  readonly #http: Server;
  readonly #router: Router;
  readonly #headers: CommonHeaders;
  readonly #log: Logger;
  readonly #sockets = new Set<Socket>();

  constructor(options: { router: Router; headers: CommonHeaders; log: Logger }) {
    this.#router = options.router;
    this.#headers = options.headers;
    this.#log = options.log;
    this.#http = createServer({
      keepAlive: true, requestTimeout: 0, keepAliveTimeout: 0,
      // A request for another protocol than these is answered as if it had not asked.
      shouldUpgradeCallback: (request) => ['tcp', 'websocket'].includes(request.headers.upgrade?.toLowerCase() ?? ''),
    }, (request, response) => { void this.#handle(request, response, undefined); });
    this.#http.on('upgrade', (request: IncomingMessage, socket: Duplex, early: Buffer) => { this.#onUpgrade(request, socket as Socket, early); });
  }

  /** Serves a connection that a listener has accepted. */
  readonly accept = (socket: Socket): void => {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    prepareConnection(socket, (prepared) => { this.#http.emit('connection', prepared); });
  };

  /** Drops every connection. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, early: Buffer): void {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.end());
    void this.#handle(request, response, { socket, early });
  }

  async #handle(request: IncomingMessage, response: ServerResponse, upgrade: Upgrade | undefined): Promise<void> {
    const startedAt = performance.now();
    const method = request.method ?? 'GET';
    const [path, query] = splitTarget(request.url ?? '/');
    for (const [name, value] of Object.entries(this.#headers)) response.setHeader(name, value);
    let context: RequestContext | undefined;
    try {
      const match = this.#router.match(method, path);
      context = new RequestContext(request, response, match, query, upgrade);
      await match.route.handler(context);
      this.#log.debug('request served', { method, path, status: response.statusCode, ms: Math.round(performance.now() - startedAt) });
    } catch (error) {
      this.#report(error, { method, path, gone: context?.signal.aborted === true });
      if (context) context.fail(error);
      else replyError(response, error);
    }
  }

  #report(error: unknown, fields: { method: string; path: string; gone: boolean }): void {
    const status = statusOf(error);
    if (status >= 500 && status !== 501 && !fields.gone) this.#log.error('request failed', { ...fields, error });
    else this.#log.debug('request refused', { ...fields, status, error });
  }
}

function splitTarget(target: string): [string, string] {
  const at = target.indexOf('?');
  return at === -1 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}

function replyError(response: ServerResponse, error: unknown): void {
  const text = `${JSON.stringify({ message: messageOf(error) })}\n`;
  response.writeHead(statusOf(error), { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
