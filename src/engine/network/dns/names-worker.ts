import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../../api/errors.ts';
import type { NamesRequest } from './name-service.ts';
import { NameServer } from './name-server.ts';
import { NameTable } from './name-table.ts';

/** The thread's side of `NameService`: all containers' name servers, one loop. */
const table = new NameTable();
const servers = new Map<string, NameServer>();

parentPort?.on('message', (request: NamesRequest) => {
  try {
    carryOut(request);
    parentPort?.postMessage({ done: request.number });
  } catch (error) {
    parentPort?.postMessage({ done: request.number, failure: messageOf(error) });
  }
});

function carryOut({ id, client }: NamesRequest): void {
  if (!client) {
    servers.get(id)?.close();
    servers.delete(id);
    table.delete(id);
    return;
  }
  const server = servers.get(id);
  if (server) server.update(client);
  else servers.set(id, new NameServer({ id, namespace: client.namespace, client, table }));
  table.put(id, client.endpoints);
}
