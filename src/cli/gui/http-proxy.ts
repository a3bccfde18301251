import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type { Transport, TransportRequest } from '../../api/transport.ts';
import { SECURITY_HEADERS } from './static-files.ts';

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE']);
/** What of a browser's request concerns the peer. Its cookie and its origin do not. */
const PASSED_ON = ['content-type', 'accept', 'x-registry-auth', 'x-registry-config', 'x-docker-container-path-stat'];

/** Hands a request to the peer and streams the reply back; a page that goes away drops the connection behind it. */
export async function proxyRequest(transport: Transport, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? 'GET';
  if (!METHODS.has(method)) {
    sendError(response, 405, `method ${method} is not allowed`);
    return;
  }
  const abort = new AbortController();
  response.on('close', () => { abort.abort(); });
  const headers = Object.fromEntries(PASSED_ON.flatMap((name) => (typeof request.headers[name] === 'string' ? [[name, request.headers[name]]] : [])));
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  const reply = await transport.request({ method: method as TransportRequest['method'], path, headers, signal: abort.signal, ...(hasBody ? { body: request as AsyncIterable<Uint8Array> } : {}) });
  const kept = ['content-type', 'content-length', 'api-version', 'ostype', 'server', 'x-docker-container-path-stat'].flatMap((name) => (reply.headers[name] === undefined ? [] : [[name, reply.headers[name]]]));
  response.writeHead(reply.status, { ...SECURITY_HEADERS, 'cache-control': 'no-store', ...Object.fromEntries(kept) as Record<string, string> });
  // A stream that says nothing at first must still be seen to have begun.
  response.flushHeaders();
  await pipeline(Readable.from(reply.body), response);
}

export function sendError(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { ...SECURITY_HEADERS, 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify({ message }));
}
