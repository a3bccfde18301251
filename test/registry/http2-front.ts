import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** Stands in front of a registry and speaks HTTP/2 over TLS, and nothing else. */
export class Http2Front implements AsyncDisposable {
  readonly authority: string;
  readonly sessions = new Set<ServerHttp2Session>();
  connections = 0;
  streams = 0;
  readonly #server: Http2SecureServer;

  private constructor(server: Http2SecureServer) {
    this.#server = server;
    this.authority = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  }

  static async start(target: string, certificate: { cert: string; key: string }): Promise<Http2Front> {
    const [host, port] = target.split(':');
    const server = createSecureServer({ cert: await readFile(certificate.cert), key: await readFile(certificate.key), allowHTTP1: false });
    server.on('session', (session) => { front.connections += 1; front.sessions.add(session); session.on('close', () => front.sessions.delete(session)); });
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      front.streams += 1;
      stream.on('error', () => undefined);
      const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));
      const onward = httpRequest({ host, port, path: headers[':path'], method: headers[':method'], headers: { ...kept, host: front.authority, 'x-forwarded-proto': 'https' } }, (reply) => {
        const { connection: _connection, 'transfer-encoding': _encoding, ...onwards } = reply.headers;
        if (stream.destroyed) { reply.destroy(); return; }
        stream.respond({ ':status': reply.statusCode ?? 502, ...onwards });
        reply.pipe(stream);
      });
      onward.on('error', () => stream.close());
      stream.pipe(onward);
    });
    const listening = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', () => { listening.resolve(); });
    await listening.promise;
    const front = new Http2Front(server);
    return front;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.sessions) session.destroy();
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => { closed.resolve(); });
    await closed.promise;
  }
}
