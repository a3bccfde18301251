import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, isIPv6, type Socket } from 'node:net';
import type { Logger } from '../../base/log.ts';

export interface RelayedPort {
  protocol: 'tcp' | 'udp';
  /** A bound socket, which the relay owns from now on. */
  descriptor: number;
  /** The family of that socket. */
  isIpv6: boolean;
  target: { address: string; port: number };
  log: Logger;
}

const UDP_CLIENTS = 1024;
const UDP_IDLE_MS = 90_000;

/** Passes on what comes to a port of this machine, for what the firewall cannot translate. Disposing ends what is on its way. */
export function relayPort(relayed: RelayedPort): Disposable {
  return relayed.protocol === 'tcp' ? relayTcp(relayed) : relayUdp(relayed);
}

function relayTcp({ descriptor, target, log }: RelayedPort): Disposable {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const container = connect({ host: target.address, port: target.port, allowHalfOpen: true });
    for (const socket of [client, container]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => { open.delete(socket); });
    }
    client.on('error', () => { container.destroy(); });
    container.on('error', () => { client.destroy(); });
    client.pipe(container);
    container.pipe(client);
  });
  server.on('error', (error) => { log.warn('a published port cannot be relayed', { target, error }); });
  server.listen({ fd: descriptor });
  return {
    [Symbol.dispose]: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Every client gets a socket of its own, so that answers find it; the one that has been silent longest goes first. */
function relayUdp({ descriptor, isIpv6, target, log }: RelayedPort): Disposable {
  const clients = new Map<string, { socket: UdpSocket; timer: NodeJS.Timeout }>();
  const server = createSocket(isIpv6 ? 'udp6' : 'udp4');
  const end = (key: string): void => {
    const client = clients.get(key);
    if (!client) return;
    clients.delete(key);
    clearTimeout(client.timer);
    client.socket.close();
  };
  const begin = (key: string, address: string, port: number): UdpSocket => {
    const [oldest] = clients.keys();
    if (clients.size >= UDP_CLIENTS && oldest !== undefined) end(oldest);
    const socket = createSocket(isIPv6(target.address) ? 'udp6' : 'udp4');
    socket.on('message', (message) => { server.send(message, port, address); });
    socket.on('error', () => { end(key); });
    clients.set(key, { socket, timer: setTimeout(() => { end(key); }, UDP_IDLE_MS).unref() });
    return socket;
  };
  server.on('message', (message, { address, port }) => {
    const key = `${address} ${String(port)}`;
    const known = clients.get(key);
    if (known) {
      known.timer.refresh();
      clients.delete(key);
      clients.set(key, known);
    }
    (known?.socket ?? begin(key, address, port)).send(message, target.port, target.address);
  });
  server.on('error', (error) => { log.warn('a published port cannot be relayed', { target, error }); });
  server.bind({ fd: descriptor });
  return {
    [Symbol.dispose]: () => {
      for (const key of [...clients.keys()]) end(key);
      server.close();
    },
  };
}
