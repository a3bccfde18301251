import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Endpoint } from '../../src/api/node/endpoint.ts';
import { SocketTransport } from '../../src/api/node/socket-transport.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { transportContract, type TransportUnderTest } from './transport.ts';

async function underTest(server: Server, endpoint: Endpoint, scratch?: Scratch): Promise<TransportUnderTest> {
  const transport = new SocketTransport(endpoint);
  return {
    transport, server,
    [Symbol.asyncDispose]: async () => {
      transport.close();
      server.closeAllConnections();
      server.close();
      await scratch?.[Symbol.asyncDispose]();
    },
  };
}

transportContract({
  name: 'unix socket',
  create: async (server) => {
    const scratch = await Scratch.create('tr');
    const path = scratch.file('s');
    server.listen(path);
    await once(server, 'listening');
    return underTest(server, { kind: 'unix', path }, scratch);
  },
  toNowhere: async () => new SocketTransport({ kind: 'unix', path: '/nonexistent/strata.sock' }),
});

transportContract({
  name: 'TCP',
  create: async (server) => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return underTest(server, { kind: 'tcp', host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  },
  toNowhere: async () => new SocketTransport({ kind: 'tcp', host: '127.0.0.1', port: 1 }),
});
