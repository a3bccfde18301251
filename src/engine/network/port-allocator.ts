import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { ConflictError } from '../../api/errors.ts';
import type { PublishedPort } from './network-record.ts';
import type { WantedPort } from './port-specs.ts';

const EPHEMERAL = { first: 49153, last: 65535 };

/** Which host ports lead to containers. A port is given only if no container holds it and no program of this machine listens there. */
export class PortAllocator {
  readonly #taken = new Map<string, PublishedPort>();
  #next = EPHEMERAL.first;

  /**
   * All or none.
   * @throws ConflictError in dockerd's words, naming the address and port
   */
  async allocate(wanted: readonly WantedPort[]): Promise<PublishedPort[]> {
    const given: PublishedPort[] = [];
    try {
      for (const each of wanted) given.push(await this.#allocateOne(each));
      return given;
    } catch (error) {
      this.release(given);
      throw error;
    }
  }

  async #allocateOne(wanted: WantedPort): Promise<PublishedPort> {
    const { protocol, hostAddress, containerPort } = wanted;
    for (const hostPort of this.#candidates(wanted.hostRange)) {
      const port = { protocol, hostAddress, hostPort, containerPort };
      if (this.#clash(port)) continue;
      // Taken before the probe: another start may look for one meanwhile.
      this.adopt([port]);
      if (await isFree(port)) return port;
      this.release([port]);
    }
    const { first, last } = wanted.hostRange ?? EPHEMERAL;
    if (first !== last) throw new ConflictError(`all ports are allocated: no free port in ${String(first)}-${String(last)} on ${hostAddress}`);
    const own = this.#clash({ protocol, hostAddress, hostPort: first, containerPort });
    throw new ConflictError(own
      ? `Bind for ${hostAddress}:${String(first)} failed: port is already allocated`
      : `failed to bind host port ${hostAddress}:${String(first)}/${protocol}: address already in use`);
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

  #clash(port: PublishedPort): boolean {
    return [...this.#taken.values()].some((other) => other.protocol === port.protocol && other.hostPort === port.hostPort
      && (other.hostAddress === port.hostAddress || other.hostAddress === '0.0.0.0' || port.hostAddress === '0.0.0.0'));
  }

  adopt(ports: readonly PublishedPort[]): void {
    for (const port of ports) this.#taken.set(keyOf(port), port);
  }

  /** Idempotent. */
  release(ports: readonly PublishedPort[]): void {
    for (const port of ports) this.#taken.delete(keyOf(port));
  }
}

function keyOf(port: PublishedPort): string {
  return `${port.protocol} ${port.hostAddress} ${String(port.hostPort)}`;
}

/** Asks the kernel by binding for a moment. SCTP cannot be asked from here and counts as free. */
async function isFree(port: PublishedPort): Promise<boolean> {
  if (port.protocol === 'sctp') return true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  if (port.protocol === 'tcp') {
    const probe = createServer();
    probe.once('error', () => { resolve(false); });
    probe.listen({ host: port.hostAddress, port: port.hostPort, exclusive: true }, () => { probe.close(() => { resolve(true); }); });
  } else {
    const probe = createSocket('udp4');
    probe.once('error', () => { probe.close(); resolve(false); });
    probe.bind({ address: port.hostAddress, port: port.hostPort, exclusive: true }, () => { probe.close(() => { resolve(true); }); });
  }
  return promise;
}
