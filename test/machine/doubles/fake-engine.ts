/**
 * Stands for the engine where a test is about the machine: answers `GET /_ping`, `GET /images/…/json` and `POST /images/load`, and has
 * two endpoints of its own for the byte stream: `POST /echo` (upgrades; sends back what comes, and `end\n` after the client's EOF)
 * and `GET /flood` (sends until it is stopped). Run as a program it takes the engine's `--host`, `--data-root` and `--exec-root`.
 */
import { createServer, type Server } from 'node:http';
import { Readable } from 'node:stream';
import { argv } from 'node:process';
import { parseArgs } from 'node:util';

export function createFakeEngine(seen: { loadedBytes: number; floodedBytes: number } = { loadedBytes: 0, floodedBytes: 0 }): Server {
  const server = createServer((request, response) => {
    if (request.url === '/_ping') response.end('OK');
    else if (request.url?.startsWith('/images/load') === true) {
      request.on('data', (chunk: Buffer) => { seen.loadedBytes += chunk.length; });
      request.on('end', () => { response.writeHead(200).end('{"stream":"Loaded image: strata/welcome:latest\\n"}\n'); });
    } else if (request.url === '/flood') {
      const block = Buffer.alloc(64 * 1024);
      Readable.from((function* () { for (;;) { seen.floodedBytes += block.length; yield block; } })()).pipe(response);
    } else {
      request.resume();
      response.writeHead(404).end('{"message":"no such thing"}');
    }
  });
  server.on('upgrade', (_request, socket, head) => {
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    if (head.length > 0) socket.write(head);
    socket.on('error', () => undefined);
    socket.pipe(socket, { end: false });
    socket.on('end', () => socket.end('end\n'));
  });
  return server;
}

if (argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { host: { type: 'string', default: '' }, 'data-root': { type: 'string' }, 'exec-root': { type: 'string' } } });
  const server = createFakeEngine();
  process.stdout.write('fake engine begins\n');
  server.listen(values.host.replace('unix://', ''));
  process.on('SIGTERM', () => {
    server.close();
    server.closeAllConnections();
  });
}
