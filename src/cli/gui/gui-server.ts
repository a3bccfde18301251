import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { BRIDGE_PATHS, BRIDGE_SUBPROTOCOL, BRIDGE_WINDOW_BYTES, type BridgeInfo } from '../../api/bridge.ts';
import { messageOf, statusOf } from '../../api/errors.ts';
import { type Endpoint, formatEndpoint } from '../../api/node/endpoint.ts';
import { SocketTransport } from '../../api/node/socket-transport.ts';
import { silentLogger } from '../../base/log.ts';
import { AgentControl } from '../../machine/machine-control.ts';
import { MachinePeer } from '../../machine/machine-peer.ts';
import { VERSION } from '../strata-version.ts';
import { proxyRequest, sendError } from './http-proxy.ts';
import { GuiSession } from './session.ts';
import { bridgeSocket } from './socket-bridge.ts';
import { SECURITY_HEADERS, sendFile } from './static-files.ts';

export interface GuiServerOptions {
  /** 0: any free one. */
  port: number;
  /** Folder of the built interface. */
  files: string;
  engine: Endpoint;
  /** The machine that the engine is of; absent for an engine of somebody else. */
  machine?: string;
}

/** Serves the interface on loopback to whoever has the token: files, and the bridge of `src/api/bridge.ts`. */
export class GuiServer implements AsyncDisposable {
  /** What to open; works once. */
  readonly url: string;
  readonly #server: Server;
  readonly #session: GuiSession;
  readonly #options: GuiServerOptions;
  readonly #engine: SocketTransport;
  readonly #control: AgentControl | undefined;
  readonly #machine: MachinePeer | undefined;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: 2 * BRIDGE_WINDOW_BYTES, perMessageDeflate: false, handleProtocols: () => BRIDGE_SUBPROTOCOL });

  private constructor(server: Server, options: GuiServerOptions) {
    const { port } = server.address() as AddressInfo;
    this.#server = server;
    this.#options = options;
    this.#session = new GuiSession(port);
    this.#engine = new SocketTransport(options.engine);
    this.#control = options.machine === undefined ? undefined : new AgentControl({ name: options.machine }, silentLogger);
    this.#machine = this.#control && new MachinePeer(this.#control);
    this.url = `http://127.0.0.1:${port}/?token=${this.#session.token ?? ''}`;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response).catch((error: unknown) => { sendError(response, statusOf(error), messageOf(error)); });
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => { this.#upgrade(request, socket, head); });
  }

  /** Resolves when it listens. @throws Error when the port is taken. */
  static async start(options: GuiServerOptions): Promise<GuiServer> {
    const server = createServer({ requestTimeout: 0, headersTimeout: 10_000 });
    server.listen(options.port, '127.0.0.1');
    await once(server, 'listening');
    return new GuiServer(server, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    this.#engine.close();
    this.#control?.close();
    await new Promise((resolve) => { this.#server.close(resolve); });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '/';
    const url = new URL(target, 'http://127.0.0.1');
    const token = url.searchParams.get('token');
    if (url.pathname === '/' && token !== null && request.method === 'GET') {
      this.#enter(token, request, response);
      return;
    }
    const navigation = request.headers['sec-fetch-mode'] === 'navigate' && request.method === 'GET';
    const refusal = this.#session.refusal(request, { navigation: navigation && !isPeer(url.pathname), needsCookie: true });
    if (refusal !== undefined) {
      sendError(response, 403, refusal);
      return;
    }
    const rest = (prefix: string): string => target.slice(prefix.length);
    if (url.pathname === BRIDGE_PATHS.info) response.writeHead(200, { ...SECURITY_HEADERS, 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(this.#info()));
    else if (url.pathname.startsWith(`${BRIDGE_PATHS.engine}/`)) await proxyRequest(this.#engine, rest(BRIDGE_PATHS.engine), request, response);
    else if (url.pathname.startsWith(`${BRIDGE_PATHS.machine}/`)) {
      if (this.#machine === undefined) sendError(response, 404, `the engine at ${formatEndpoint(this.#options.engine)} is on no machine of ours`);
      else await proxyRequest(this.#machine, rest(BRIDGE_PATHS.machine), request, response);
    } else if (request.method === 'GET' || request.method === 'HEAD') await sendFile(this.#options.files, url.pathname, response);
    else sendError(response, 405, 'this is a file');
  }

  /** The token for a cookie. The page is asked for again without the token, so that it is in no history and no log. */
  #enter(token: string, request: IncomingMessage, response: ServerResponse): void {
    const refusal = this.#session.refusal(request, { navigation: true, needsCookie: false });
    const cookie = refusal === undefined ? this.#session.exchange(token) : undefined;
    if (cookie === undefined) {
      sendError(response, 403, refusal ?? 'this address has been used already: run "strata gui" again and open the new one');
      return;
    }
    const headers = { ...SECURITY_HEADERS, 'set-cookie': cookie, 'cache-control': 'no-store' };
    // A browser does not send a strict cookie along a redirect that another site has begun; a page of our own may.
    if (request.headers['sec-fetch-site'] === 'cross-site') response.writeHead(200, { ...headers, 'content-type': 'text/html; charset=utf-8', refresh: '0; url=/' }).end('<!doctype html><title>Strata</title>');
    else response.writeHead(303, { ...headers, location: '/' }).end();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname;
    const refusal = this.#session.refusal(request, { navigation: true, needsCookie: true }) ?? (request.headers.origin === undefined ? 'a WebSocket needs an origin' : undefined);
    const transport = path === BRIDGE_PATHS.engineSocket ? this.#engine
      : path === BRIDGE_PATHS.machineSocket ? this.#machine : undefined;
    if (refusal !== undefined || transport === undefined) {
      socket.end(`HTTP/1.1 ${refusal === undefined ? '404 Not Found' : '403 Forbidden'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => { bridgeSocket(client, transport); });
  }

  #info(): BridgeInfo {
    return { version: VERSION, engineEndpoint: formatEndpoint(this.#options.engine), ...(this.#options.machine === undefined ? {} : { machine: this.#options.machine }) };
  }
}

function isPeer(path: string): boolean {
  return path.startsWith(`${BRIDGE_PATHS.engine}/`) || path.startsWith(`${BRIDGE_PATHS.machine}/`);
}
