import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { MachineStatus } from '../../api/machine.ts';
import { messageOf, NotFoundError, statusOf } from '../../api/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Agent } from '../agent.ts';
import { listenOnSocket } from '../listen-on-socket.ts';
import type { StatusBoard } from '../status-board.ts';
import { joinShell, parseShellRequest, parseSize, ShellSessions } from './shell-sessions.ts';

const CLOSE_GRACE_MS = 3000;

interface Call {
  request: IncomingMessage;
  response: ServerResponse;
  query: URLSearchParams;
  /** What the pattern of the route captured. */
  id: string;
}

/** The control API of `src/api/machine.ts` on the machine's control socket. */
export class ControlServer implements AsyncDisposable {
  readonly #agent: Agent;
  readonly #board: StatusBoard;
  readonly #log: Logger;
  readonly #shells: ShellSessions;
  readonly #server: Server;
  /** Replies that are held until the machine is down and its lock is free. */
  readonly #whenDown: ServerResponse[] = [];
  readonly #routes: readonly { method: string; pattern: RegExp; handle: (call: Call) => Promise<void> | void }[];

  private constructor(options: { agent: Agent; board: StatusBoard; log: Logger }) {
    this.#agent = options.agent;
    this.#board = options.board;
    this.#log = options.log;
    this.#shells = new ShellSessions((request) => options.agent.openShell(request));
    this.#routes = [
      { method: 'GET', pattern: /^\/v1\/status$/, handle: (call) => this.#status(call) },
      { method: 'POST', pattern: /^\/v1\/stop$/, handle: (call) => this.#stop(call) },
      { method: 'POST', pattern: /^\/v1\/restart$/, handle: (call) => { this.#restart(call); } },
      { method: 'GET', pattern: /^\/v1\/console$/, handle: (call) => { this.#console(call); } },
      { method: 'POST', pattern: /^\/v1\/shell\/([\w-]+)\/resize$/, handle: (call) => { this.#resize(call); } },
      { method: 'GET', pattern: /^\/v1\/shell\/([\w-]+)\/exit$/, handle: (call) => this.#exit(call) },
    ];
    this.#server = createServer((request, response) => { void this.#handle(request, response); });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => { void this.#shell(request, socket, head); });
    this.#server.on('clientError', (_error, socket) => { socket.destroy(); });
    // Watchers stay as long as they like.
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = 0;
  }

  /** @throws ConflictError when the path is taken. */
  static async listen(options: { path: string; agent: Agent; board: StatusBoard; log: Logger }): Promise<ControlServer> {
    const control = new ControlServer(options);
    await listenOnSocket(control.#server, options.path);
    return control;
  }

  /** Stops listening (the socket file goes); those who are connected stay until `dispose`. Idempotent. */
  unlist(): void {
    if (this.#server.listening) this.#server.close();
  }

  /** Tells everybody who waits that it is over and closes. Bounded: a client that does not read is dropped. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#server.once('close', () => { resolve(undefined); });
    this.unlist();
    for (const response of this.#whenDown) response.writeHead(204, { connection: 'close' }).end();
    for (const end of this.#watchEnds) end();
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => { this.#server.closeAllConnections(); }, CLOSE_GRACE_MS);
    await promise;
    clearTimeout(timer);
  }

  readonly #watchEnds = new Set<() => void>();

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://agent');
    try {
      request.resume();
      for (const route of this.#routes) {
        const match = request.method === route.method ? route.pattern.exec(url.pathname) : null;
        if (match === null) continue;
        await route.handle({ request, response, query: url.searchParams, id: match[1] ?? '' });
        return;
      }
      throw new NotFoundError(`no such call: ${request.method ?? ''} ${url.pathname}`);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else sendJson(response, statusOf(error), { message: messageOf(error) });
    }
  }

  async #status({ response, query }: Call): Promise<void> {
    if (query.get('watch') !== '1') {
      sendJson(response, 200, await this.#agent.status());
      return;
    }
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    this.#watch(response, await this.#agent.status());
  }

  /** A watcher that reads slowly gets the newest status when it can take more, and none of those in between. */
  #watch(response: ServerResponse, first: MachineStatus): void {
    let full = false;
    let missed: MachineStatus | undefined;
    const push = (status: MachineStatus): void => {
      if (full) missed = status;
      else full = !response.write(`${JSON.stringify(status)}\n`);
    };
    const unsubscribe = this.#board.subscribe(push);
    response.on('drain', () => {
      full = false;
      const status = missed;
      missed = undefined;
      if (status !== undefined) push(status);
    });
    const end = (): void => { response.end(); };
    this.#watchEnds.add(end);
    response.on('close', () => {
      unsubscribe();
      this.#watchEnds.delete(end);
    });
    push(first);
  }

  async #stop({ response, query }: Call): Promise<void> {
    this.#whenDown.push(response);
    await this.#agent.stop({ force: query.get('force') === '1' });
  }

  #restart({ response }: Call): void {
    this.#agent.restart();
    response.writeHead(202).end();
  }

  #console({ response, query }: Call): void {
    const lines = Number(query.get('tail') ?? 100);
    const tail = this.#agent.consoleTail(Number.isInteger(lines) && lines > 0 ? lines : 0);
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(tail.map((line) => `${line}\n`).join(''));
  }

  #resize({ response, query, id }: Call): void {
    this.#shells.resize(id, parseSize(query));
    response.writeHead(204).end();
  }

  async #exit({ response, id }: Call): Promise<void> {
    sendJson(response, 200, await this.#shells.exit(id));
  }

  async #shell(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => undefined);
    try {
      const url = new URL(request.url ?? '/', 'http://agent');
      if (request.method !== 'POST' || url.pathname !== '/v1/shell') throw new NotFoundError(`no such call: ${request.method ?? ''} ${url.pathname}`);
      const shell = parseShellRequest(url.searchParams);
      const { id, channel } = await this.#shells.create(shell);
      const framed = shell.pty === undefined;
      socket.write(`HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/vnd.docker.${framed ? 'multiplexed' : 'raw'}-stream\r\nStrata-Shell-Id: ${id}\r\n\r\n`);
      if (head.length > 0) channel.write(head);
      await joinShell(socket, channel, { framed });
    } catch (error) {
      this.#log.debug('shell refused', { error });
      const body = JSON.stringify({ message: messageOf(error) });
      socket.end(`HTTP/1.1 ${String(statusOf(error))} Refused\r\nContent-Type: application/json\r\nContent-Length: ${String(Buffer.byteLength(body))}\r\nConnection: close\r\n\r\n${body}`);
    }
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
