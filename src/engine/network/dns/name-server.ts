import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { closeSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { openBoundSocket, type SocketKind } from '../../linux/namespace-socket.ts';
import { Forwarder } from './forwarder.ts';
import { localAnswer } from './local-answer.ts';
import { type Query, RCODE, readQuery, TYPE, udpLimit, writeAnswer } from './message.ts';
import type { NameClient, NameTable } from './name-table.ts';
import { FrameReader, frame } from './tcp-frames.ts';

/** Where every container with names finds its server. */
const ADDRESS = { address: '127.0.0.11', port: 53 };
const MOST_CONNECTIONS = 32;
const IDLE_MS = 10_000;
const TCP_LIMIT_BYTES = 65_535;

/** The name server of one container: listens on its loopback, answers for containers, and asks others for the rest. */
export class NameServer {
  readonly #id: string;
  readonly #table: NameTable;
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();
  readonly #forwarder: Forwarder;
  #keepsUnqualified: boolean;
  #closed = false;

  /** @param namespace of the container @throws an error with `code` where the address cannot be taken */
  constructor(options: { id: string; namespace: string; client: NameClient; table: NameTable }) {
    const { id, namespace, client, table } = options;
    this.#id = id;
    this.#table = table;
    this.#keepsUnqualified = client.keepsUnqualified;
    this.#forwarder = new Forwarder(namespace, client.upstreams);
    const descriptors = openBoth(namespace);
    this.#udp = createSocket('udp4');
    this.#udp.bind({ fd: descriptors.udp });
    // A client that has gone is no fault of the server.
    this.#udp.on('error', () => undefined);
    this.#udp.on('message', (message, { port, address }) => {
      this.#answer(message, 'udp', (answer) => { this.#udp.send(answer, port, address); });
    });
    this.#tcp = createServer((connection) => { this.#serve(connection); });
    this.#tcp.maxConnections = MOST_CONNECTIONS;
    this.#tcp.on('error', () => undefined);
    this.#tcp.listen({ fd: descriptors.tcp });
  }

  /** From now on asks these servers. */
  update(client: NameClient): void {
    this.#keepsUnqualified = client.keepsUnqualified;
    this.#forwarder.use(client.upstreams);
  }

  #serve(connection: Socket): void {
    this.#connections.add(connection);
    const frames = new FrameReader((message) => {
      this.#answer(message, 'tcp', (answer) => { if (connection.writable) connection.write(frame(answer)); });
    });
    connection.setTimeout(IDLE_MS, () => connection.destroy());
    connection.on('data', (chunk) => {
      if (typeof chunk !== 'string') frames.write(chunk);
      // One who asks and does not read is not served further.
      if (connection.writableNeedDrain) connection.pause();
    });
    connection.on('drain', () => { connection.resume(); });
    connection.on('error', () => connection.destroy());
    connection.on('close', () => { this.#connections.delete(connection); });
  }

  #answer(message: Buffer, kind: SocketKind, send: (answer: Buffer) => void): void {
    const read = readQuery(message);
    if (read === 'silence') return;
    if ('refusal' in read) { send(read.refusal); return; }
    const { query } = read;
    const limit = kind === 'tcp' ? TCP_LIMIT_BYTES : udpLimit(query);
    const known = localAnswer(query, this.#id, this.#table, limit) ?? this.#kept(query, limit);
    if (known) send(known);
    else void this.#forwarder.ask(query, Buffer.from(message), kind).then((answer) => { if (!this.#closed) send(answer); });
  }

  /** A name without a dot that is none of ours, in a container whose resolver has search domains to try. */
  #kept(query: Query, limit: number): Buffer | undefined {
    const isAddress = query.type === TYPE.a || query.type === TYPE.aaaa;
    return this.#keepsUnqualified && isAddress && query.name !== undefined && !query.name.includes('.') ? writeAnswer(query, RCODE.ok, [], limit) : undefined;
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forwarder.close();
    this.#udp.close();
    this.#tcp.close();
    for (const connection of this.#connections) connection.destroy();
  }
}

function openBoth(namespace: string): { udp: number; tcp: number } {
  const udp = openBoundSocket(namespace, 'udp', ADDRESS);
  try {
    return { udp, tcp: openBoundSocket(namespace, 'tcp', ADDRESS) };
  } catch (error) {
    closeSync(udp);
    throw error;
  }
}
