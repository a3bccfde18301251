import { createServer, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

/** A proxy as companies have them: whole URLs for http, CONNECT for https. Whatever is asked for, it leads to `target`. */
export class ForwardProxy implements AsyncDisposable {
  readonly url: string;
  /** What was asked of it: `GET http://registry.test:5000/v2/`, `CONNECT registry.test:443`, with the user that asked. */
  readonly seen: { line: string; user: string | undefined }[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  }

  /** @param target authority that stands for every host of the world */
  static async start(target: string): Promise<ForwardProxy> {
    const [host = '', port] = target.split(':');
    const server = createServer((request, response) => {
      proxy.#note(`${request.method ?? ''} ${request.url ?? ''}`, request.headers['proxy-authorization']);
      const { pathname, search } = new URL(request.url ?? '/', 'http://unknown');
      const onward = httpRequest({ host, port, path: `${pathname}${search}`, method: request.method, headers: request.headers }, (reply) => {
        response.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(response);
      });
      onward.on('error', () => response.destroy());
      request.pipe(onward);
    });
    server.on('connect', (request, client, head) => {
      proxy.#note(`CONNECT ${request.url ?? ''}`, request.headers['proxy-authorization']);
      const onward = connect({ host, port: Number(port) }, () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        onward.write(head);
        onward.pipe(client).pipe(onward);
      });
      onward.on('error', () => client.destroy());
      client.on('error', () => onward.destroy());
    });
    const listening = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', () => { listening.resolve(); });
    await listening.promise;
    const proxy = new ForwardProxy(server);
    return proxy;
  }

  #note(line: string, authorization: string | undefined): void {
    this.seen.push({ line, user: authorization === undefined ? undefined : Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => { closed.resolve(); });
    await closed.promise;
  }
}
