import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { SocketTransport } from '../../api/node/socket-transport.ts';
import { proxyRequest } from './http-proxy.ts';
import type { MachinePeer } from './machine-peer.ts';
import { SECURITY_HEADERS } from './static-files.ts';

const JSON_HEADERS = { ...SECURITY_HEADERS, 'content-type': 'application/json', 'cache-control': 'no-store' };

/** `/machine/*`: what works without an agent is answered here, the rest by the agent. `path` is the agent's. */
export async function handleMachine(peer: MachinePeer, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(path, 'http://machine');
  switch (`${request.method ?? ''} ${url.pathname}`) {
    case 'GET /v1/status':
      if (url.searchParams.get('watch') === null) response.writeHead(200, JSON_HEADERS).end(JSON.stringify(await peer.status()));
      else await streamStatus(peer, response);
      return;
    case 'POST /v1/start':
      peer.start();
      response.writeHead(202, SECURITY_HEADERS).end();
      return;
    case 'POST /v1/stop':
      await peer.stop(url.searchParams.get('force') === '1');
      response.writeHead(204, SECURITY_HEADERS).end();
      return;
    default: {
      const transport = new SocketTransport({ kind: process.platform === 'win32' ? 'pipe' : 'unix', path: peer.controlSocket });
      await proxyRequest(transport, path, request, response).finally(() => { transport.close(); });
    }
  }
}

async function streamStatus(peer: MachinePeer, response: ServerResponse): Promise<void> {
  const abort = new AbortController();
  response.on('close', () => { abort.abort(); });
  response.writeHead(200, { ...JSON_HEADERS, 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  try {
    for await (const status of peer.watch(abort.signal)) {
      if (!response.write(`${JSON.stringify(status)}\n`)) await once(response, 'drain', { signal: abort.signal });
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  }
  response.end();
}
