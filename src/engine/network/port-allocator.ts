import { closeSync } from 'node:fs';
import { InternalError } from '../../api/errors.ts';
import type { Logger } from '../../base/log.ts';
import { bindSocket } from '../linux/bound-socket.ts';
import { portOwner } from '../linux/port-owner.ts';
import { ipBytes, parseIp } from './cidr.ts';
import type { EndpointRecord, PublishedPort } from './network-record.ts';
import { relayPort } from './port-relay.ts';
import type { WantedPort } from './port-specs.ts';

const EPHEMERAL = { first: 49153, last: 65535 };

/** What is relayed (`userland-proxy`): `ipv6` where the firewall translates what it can, `all` where there is none. */
type Relays = 'none' | 'ipv6' | 'all';

interface HeldPort {
  port: PublishedPort;
  /** Name of the container, for messages. */
  owner: string;
  /** Of the socket that keeps other programs out. */
  descriptor: number | undefined;
  relay?: Disposable;
}

/**
 * Which ports of this machine lead to containers. A port is given only if no container and no program has it, and a socket keeps it from
 * others. The firewall translates before that socket sees anything; what it does not translate, which is IPv6 towards a container without it
 * and what comes from ::1, is relayed.
 */
export class PortAllocator {
  readonly #held = new Map<string, HeldPort[]>();
  readonly #log: Logger;
  readonly #relays: Relays;
  #next = EPHEMERAL.first;

  constructor(options: { log: Logger; relays: Relays }) {
    this.#log = options.log;
    this.#relays = options.relays;
  }

  /**
   * All or none.
   * @param owner name of the container
   * @throws InternalError in dockerd's words, naming the address, the port and who has it
   */
  allocate(wanted: readonly WantedPort[], owner: string): PublishedPort[] {
    const given: PublishedPort[] = [];
    try {
      for (const each of wanted) given.push(...this.#allocateOne(each, owner));
      return given;
    } catch (error) {
      this.release(given);
      throw error;
    }
  }

  #allocateOne(wanted: WantedPort, owner: string): PublishedPort[] {
    let refusal: InternalError | undefined;
    for (const hostPort of this.#candidates(wanted.hostRange)) {
      const ports = wanted.hostAddresses.map((hostAddress) => ({ protocol: wanted.protocol, hostAddress, hostPort, containerPort: wanted.containerPort }));
      const attempt = this.#take(ports, owner);
      if (Array.isArray(attempt)) return attempt;
      refusal = attempt;
    }
    const { first, last } = wanted.hostRange ?? EPHEMERAL;
    if (first === last && refusal) throw refusal;
    throw new InternalError(`all ports are allocated: no free port in ${String(first)}-${String(last)} on ${wanted.hostAddresses[0] ?? ''}`);
  }

  /** One port at all of its addresses. @returns what it got, or why it cannot be had */
  #take(ports: readonly PublishedPort[], owner: string): PublishedPort[] | InternalError {
    const taken: PublishedPort[] = [];
    for (const port of ports) {
      const refusal = this.#holder(port) ?? this.#bind(port, owner, ports.length > 1 && port.hostAddress === '::');
      if (refusal === undefined) { taken.push(port); continue; }
      if (refusal === 'absent') continue;
      this.release(taken);
      return refusal;
    }
    return taken;
  }

  #holder(port: PublishedPort): InternalError | undefined {
    const holder = this.#held.get(portKey(port))?.find(({ port: other }) => clash(other.hostAddress, port.hostAddress));
    return holder && new InternalError(`Bind for ${at(port)} failed: port is already allocated: container ${holder.owner} has it`);
  }

  /** @param optional `absent` rather than a refusal where this machine has no such family of addresses */
  #bind(port: PublishedPort, owner: string, optional: boolean): InternalError | 'absent' | undefined {
    try {
      this.#hold({ port, owner, descriptor: bindSocket({ protocol: port.protocol, address: ipBytes(parseIp(port.hostAddress)), port: port.hostPort }) });
      return undefined;
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
      if (optional && code === 'EADDRNOTAVAIL') return 'absent';
      if (code === 'EADDRNOTAVAIL') return new InternalError(`failed to bind host port ${at(port)}/${port.protocol}: cannot assign requested address: no interface of this machine has it`, { cause });
      if (code !== 'EADDRINUSE') return new InternalError(`failed to bind host port ${at(port)}/${port.protocol}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      const other = portOwner(port.protocol, port.hostPort);
      return new InternalError(`failed to bind host port ${at(port)}/${port.protocol}: address already in use${other === undefined ? '' : ` by ${other}`}`, { cause });
    }
  }

  * #candidates(range: WantedPort['hostRange']): Generator<number> {
    if (range) {
      for (let port = range.first; port <= range.last; port += 1) yield port;
      return;
    }
    for (let tried = EPHEMERAL.first; tried <= EPHEMERAL.last; tried += 1) {
      const port = this.#next;
      this.#next = port === EPHEMERAL.last ? EPHEMERAL.first : port + 1;
      yield port;
    }
  }

  /** Takes the ports of a container that runs on. */
  adopt(endpoint: EndpointRecord, owner: string): void {
    for (const port of endpoint.ports) {
      const refusal = this.#bind(port, owner, false);
      if (refusal === undefined) continue;
      this.#log.warn('a published port cannot be kept from other programs', { container: owner, error: refusal });
      this.#hold({ port, owner, descriptor: undefined });
    }
    this.serve(endpoint);
  }

  /** Relays what the firewall does not translate, now that the container has its addresses. */
  serve(endpoint: EndpointRecord): void {
    const target = endpoint.address ?? endpoint.address6;
    if (this.#relays === 'none' || target === undefined) return;
    for (const port of endpoint.ports.filter(({ hostAddress }) => this.#relays === 'all' || hostAddress.includes(':'))) {
      const held = this.#held.get(portKey(port))?.find(({ port: other }) => other.hostAddress === port.hostAddress);
      if (held?.descriptor === undefined || port.protocol === 'sctp') continue;
      held.relay = relayPort({ protocol: port.protocol, descriptor: held.descriptor, isIpv6: port.hostAddress.includes(':'), target: { address: target, port: port.containerPort }, log: this.#log });
      held.descriptor = undefined;
    }
  }

  #hold(held: HeldPort): void {
    const key = portKey(held.port);
    const present = this.#held.get(key);
    if (present) present.push(held);
    else this.#held.set(key, [held]);
  }

  /** Idempotent. */
  release(ports: readonly PublishedPort[]): void {
    for (const port of ports) {
      const key = portKey(port);
      const held = this.#held.get(key) ?? [];
      for (const { relay, descriptor } of held.filter(({ port: other }) => other.hostAddress === port.hostAddress)) {
        relay?.[Symbol.dispose]();
        if (descriptor !== undefined) closeSync(descriptor);
      }
      const rest = held.filter(({ port: other }) => other.hostAddress !== port.hostAddress);
      if (rest.length > 0) this.#held.set(key, rest);
      else this.#held.delete(key);
    }
  }
}

function portKey({ protocol, hostPort }: PublishedPort): string {
  return `${protocol} ${String(hostPort)}`;
}

function clash(a: string, b: string): boolean {
  const family = a.includes(':');
  if (family !== b.includes(':')) return false;
  const everywhere = family ? '::' : '0.0.0.0';
  return a === b || a === everywhere || b === everywhere;
}

function at({ hostAddress, hostPort }: PublishedPort): string {
  return hostAddress.includes(':') ? `[${hostAddress}]:${String(hostPort)}` : `${hostAddress}:${String(hostPort)}`;
}
