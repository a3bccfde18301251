import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { InvalidArgumentError } from '../../api/errors.ts';

/**
 * Which registries may be spoken to without a verified certificate, or without TLS: those that the configuration names by host,
 * by host and port or by network (CIDR), and always this machine itself. As in dockerd, a name belongs to a network when it
 * resolves into it.
 */
export class InsecureRegistries {
  readonly #hosts = new Set<string>();
  readonly #networks = new BlockList();
  #hasNetworks = false;

  /** @throws InvalidArgumentError for an entry that is neither host, host:port nor CIDR */
  constructor(entries: readonly string[]) {
    this.#networks.addSubnet('127.0.0.0', 8, 'ipv4');
    this.#networks.addAddress('::1', 'ipv6');
    for (const entry of entries) this.#add(entry);
  }

  /** @param authority `host`, `host:port`, `[v6]:port` */
  async includes(authority: string): Promise<boolean> {
    const { host } = splitAuthority(authority);
    if (this.#hosts.has(authority.toLowerCase()) || this.#hosts.has(host)) return true;
    if (host === 'localhost' || host.endsWith('.localhost')) return true;
    if (isIP(host) !== 0) return this.#covers(host);
    if (!this.#hasNetworks) return false;
    const addresses = await lookup(host, { all: true }).catch(() => []);
    return addresses.some(({ address }) => this.#covers(address));
  }

  #add(entry: string): void {
    if (/^https?:\/\//i.test(entry)) throw new InvalidArgumentError(`invalid insecure registry ${JSON.stringify(entry)}: give the host without http:// or https://`);
    const slash = entry.indexOf('/');
    if (slash === -1) {
      if (!/^(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/.test(entry)) throw new InvalidArgumentError(`invalid insecure registry ${JSON.stringify(entry)}: must be host, host:port or a network such as 10.0.0.0/8`);
      this.#hosts.add(splitAuthority(entry).port === undefined ? splitAuthority(entry).host : entry.toLowerCase());
      return;
    }
    const [address, prefix] = [entry.slice(0, slash), Number(entry.slice(slash + 1))];
    const family = isIP(address);
    if (family === 0 || !/^\d{1,3}$/.test(entry.slice(slash + 1)) || prefix > (family === 4 ? 32 : 128)) throw new InvalidArgumentError(`invalid insecure registry ${JSON.stringify(entry)}: no network in CIDR form`);
    this.#networks.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
    this.#hasNetworks = true;
  }

  #covers(address: string): boolean {
    return this.#networks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
}

/** Host in lower case, without brackets; port undefined where none is given. */
export function splitAuthority(authority: string): { host: string; port: number | undefined } {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(authority);
  const host = (match?.[1] ?? match?.[2] ?? authority).toLowerCase();
  return { host, port: match?.[3] === undefined ? undefined : Number(match[3]) };
}
