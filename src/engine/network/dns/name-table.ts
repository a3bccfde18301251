/** A container as the name service knows it: what it is called, and whom it may ask. */
export interface NameClient {
  /** Where it is connected, in the order in which its networks are asked. */
  endpoints: readonly NamedEndpoint[];
  /** Servers that are asked for everything else; none where the container may not reach out. */
  upstreams: readonly Upstream[];
  /** Names without a dot are not asked outside: its resolver tries them with its search domains. */
  keepsUnqualified: boolean;
}

export interface NamedEndpoint {
  networkId: string;
  networkName: string;
  /** What it is called there, its own name first. */
  names: readonly string[];
  addresses: readonly string[];
  /** Names that only this container uses, and what they stand for. */
  links: readonly { alias: string; name: string }[];
}

export interface Upstream {
  /** An IP address. */
  address: string;
  port: number;
  /** From where it is asked: servers on the host's loopback are there for the host alone. */
  from: 'container' | 'host';
}

interface KnownEndpoint {
  networkId: string;
  networkName: string;
  fullName: string;
  names: readonly string[];
  addresses: readonly string[];
  links: ReadonlyMap<string, string>;
}

interface Zone {
  byName: Map<string, Set<KnownEndpoint>>;
  byAddress: Map<string, KnownEndpoint>;
}

/** Who is called what, seen from each container. Pure memory. Names are compared in lower case. */
export class NameTable {
  readonly #clients = new Map<string, readonly KnownEndpoint[]>();
  readonly #zones = new Map<string, Zone>();

  /** Adds a container, or replaces what was known of it. */
  put(id: string, endpoints: readonly NamedEndpoint[]): void {
    this.delete(id);
    const known = endpoints.map((endpoint): KnownEndpoint => ({
      networkId: endpoint.networkId, networkName: endpoint.networkName.toLowerCase(), fullName: `${endpoint.names[0] ?? ''}.${endpoint.networkName}`,
      names: [...new Set(endpoint.names.map((name) => name.toLowerCase()))], addresses: endpoint.addresses,
      links: new Map(endpoint.links.map(({ alias, name }) => [alias.toLowerCase(), name.toLowerCase()])),
    }));
    this.#clients.set(id, known);
    for (const endpoint of known) this.#add(endpoint);
  }

  /** Idempotent. */
  delete(id: string): void {
    for (const endpoint of this.#clients.get(id) ?? []) this.#remove(endpoint);
    this.#clients.delete(id);
  }

  #add(endpoint: KnownEndpoint): void {
    const zone = this.#zones.get(endpoint.networkId) ?? { byName: new Map<string, Set<KnownEndpoint>>(), byAddress: new Map<string, KnownEndpoint>() };
    this.#zones.set(endpoint.networkId, zone);
    for (const name of endpoint.names) zone.byName.set(name, (zone.byName.get(name) ?? new Set()).add(endpoint));
    for (const address of endpoint.addresses) zone.byAddress.set(address, endpoint);
  }

  #remove(endpoint: KnownEndpoint): void {
    const zone = this.#zones.get(endpoint.networkId);
    if (!zone) return;
    for (const name of endpoint.names) {
      const holders = zone.byName.get(name);
      holders?.delete(endpoint);
      if (holders?.size === 0) zone.byName.delete(name);
    }
    for (const address of endpoint.addresses) {
      if (zone.byAddress.get(address) === endpoint) zone.byAddress.delete(address);
    }
    if (zone.byName.size === 0) this.#zones.delete(endpoint.networkId);
  }

  /**
   * The addresses behind a name, as one container sees them: those on the first of its networks that knows it. Empty: the name exists
   * and has none of this family; undefined: it is none of ours.
   * @param name lower case, without final dot; `web`, or with the name of a network: `web.backend`
   */
  resolve(id: string, name: string, family: 4 | 6): string[] | undefined {
    const endpoints = this.#clients.get(id) ?? [];
    let exists = false;
    for (const { host, network } of readings(name)) {
      const here = network === undefined ? endpoints : endpoints.filter(({ networkName }) => networkName === network);
      // Links first, as names of one's own; one that leads nowhere hides the same name of another.
      const holders = [...here.map((endpoint) => this.#holders(endpoint, endpoint.links.get(host))), ...here.map((endpoint) => (endpoint.links.has(host) ? undefined : this.#holders(endpoint, host)))];
      for (const found of holders) {
        if (!found) continue;
        exists = true;
        const addresses = [...found].flatMap((endpoint) => endpoint.addresses.filter((address) => address.includes(':') === (family === 6)));
        if (addresses.length > 0) return addresses;
      }
    }
    return exists ? [] : undefined;
  }

  #holders({ networkId }: KnownEndpoint, name: string | undefined): ReadonlySet<KnownEndpoint> | undefined {
    return name === undefined ? undefined : this.#zones.get(networkId)?.byName.get(name);
  }

  /** `web.backend` for an address that is used on one of the container's networks. */
  reverse(id: string, address: string): string | undefined {
    for (const { networkId } of this.#clients.get(id) ?? []) {
      const found = this.#zones.get(networkId)?.byAddress.get(address);
      if (found) return found.fullName;
    }
    return undefined;
  }
}

/** Names and networks may both hold dots: `a.b.c` is that, `a.b` on network `c`, or `a` on network `b.c`. */
function* readings(name: string): Generator<{ host: string; network: string | undefined }> {
  yield { host: name, network: undefined };
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) yield { host: name.slice(0, dot), network: name.slice(dot + 1) };
}
