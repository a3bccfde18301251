import { readFile } from 'node:fs/promises';
import { embeddedResolver, hostResolvConfPath, resolvConf, usesEmbedded } from '../network/name-files.ts';
import type { NameService } from '../network/dns/name-service.ts';
import type { NamedEndpoint, NameClient } from '../network/dns/name-table.ts';
import type { EndpointRecord } from '../network/network-record.ts';
import type { Networks } from '../network/networks.ts';
import type { Container } from './container.ts';
import { wantedNetworks } from './container-network.ts';
import type { ContainerRecord } from './container-record.ts';

export interface ContainerNamesOptions {
  networks: Networks;
  service: NameService;
  /** The engine's own settings, for containers that have none. */
  dns: { servers: readonly string[]; search: readonly string[]; options: readonly string[] };
}

/** What containers are called by others, and by whom they have names resolved. */
export class ContainerNames {
  readonly #options: ContainerNamesOptions;

  constructor(options: ContainerNamesOptions) {
    this.#options = options;
  }

  /**
   * The resolv.conf of a container that starts, or is connected to its first network with names. Where it has such a network, its name server
   * runs when this resolves.
   */
  async begin(container: Container, endpoints: readonly EndpointRecord[], isHost = false): Promise<string> {
    const input = await this.#input(container.record, isHost);
    const named = this.#named(container.record, endpoints);
    if (isHost || named.length === 0) return resolvConf({ ...input, dropLoopback: !isHost });
    const { text, ...resolver } = embeddedResolver(input);
    await this.#put(container, endpoints, named, resolver);
    return text;
  }

  /** Takes up the names of a container that runs on, or whose names or networks have changed. */
  async renew(container: Container): Promise<void> {
    const { record, paths } = container;
    const named = this.#named(record, record.endpoints);
    // One that has left its last network with names still asks the server that it knows.
    if (named.length === 0 && !usesEmbedded(await readFile(paths.resolvConf, 'utf8').catch(() => ''))) return;
    await this.#put(container, record.endpoints, named, embeddedResolver(await this.#input(record, false)));
  }

  /** Whether it is in a network with names. */
  hasNames({ record }: Container): boolean {
    return this.#named(record, record.endpoints).length > 0;
  }

  /** What `host-gateway` stands for: the machine's address on the default bridge. */
  hostGateway(): string | undefined {
    return this.#options.networks.list().find(({ name }) => name === 'bridge')?.pools[0]?.gateway;
  }

  /** Idempotent. */
  end(container: Container): Promise<void> {
    return this.#options.service.delete(container.id);
  }

  async #put(container: Container, endpoints: readonly EndpointRecord[], named: readonly NamedEndpoint[], resolver: Pick<NameClient, 'upstreams' | 'keepsUnqualified'>): Promise<void> {
    const { service, networks } = this.#options;
    const leadsOut = endpoints.some(({ networkId }) => !networks.get(networkId).internal);
    await service.put(container.id, {
      namespace: container.paths.networkNamespace, endpoints: named, upstreams: leadsOut ? resolver.upstreams : [], keepsUnqualified: resolver.keepsUnqualified,
    });
  }

  /** Its places in networks that have names: all but the default one. */
  #named(record: ContainerRecord, endpoints: readonly EndpointRecord[]): NamedEndpoint[] {
    const { networks } = this.#options;
    const links = new Map(wantedNetworks(record).flatMap(([name, { links: given = [] }]) => (given.length === 0 ? [] : [[networks.get(name).id, given.map(parseLink)] as const])));
    return endpoints.filter(({ networkId }) => !networks.isDefault(networks.get(networkId))).map((endpoint) => ({
      networkId: endpoint.networkId, networkName: endpoint.networkName, addresses: [endpoint.address, endpoint.address6].filter((address) => address !== undefined),
      names: [record.name, ...dnsAliases(record, endpoint.aliases)], links: links.get(endpoint.networkId) ?? [],
    }));
  }

  async #input({ hostConfig }: ContainerRecord, isHost: boolean): Promise<{ host: string; dns: readonly string[]; search: readonly string[]; options: readonly string[] }> {
    const { dns } = this.#options;
    const primary = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
    const path = hostResolvConfPath(primary);
    return {
      host: isHost || path === '/etc/resolv.conf' ? primary : await readFile(path, 'utf8').catch(() => primary),
      dns: hostConfig.Dns?.length ? hostConfig.Dns : dns.servers,
      search: hostConfig.DnsSearch?.length ? hostConfig.DnsSearch : dns.search,
      options: hostConfig.DnsOptions?.length ? hostConfig.DnsOptions : dns.options,
    };
  }
}

/** Under which names besides its own a container is known in a network: those that were asked for, its short id and its host name. */
export function dnsAliases(record: Pick<ContainerRecord, 'id' | 'config'>, wanted: readonly string[]): string[] {
  return [...new Set([...wanted, record.id.slice(0, 12), record.config.Hostname ?? ''])].filter((name) => name !== '');
}

/** `name[:alias]`. Not looked up: a link in a network with names may come before its container. */
function parseLink(text: string): { alias: string; name: string } {
  const [name = '', given = ''] = text.split(':', 2);
  return { name, alias: given === '' ? name : given };
}
