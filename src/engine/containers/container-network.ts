import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { InternalError } from '../../api/errors.ts';
import type { Cleanup } from '../../base/cleanup.ts';
import { createNetworkNamespace, deleteNetworkNamespace, openNetworkNamespace } from '../linux/network-namespace.ts';
import { hostsFile } from '../network/name-files.ts';
import { chooseGateway } from '../network/gateway-choice.ts';
import type { EndpointRecord, NetworkRecord, PublishedPort } from '../network/network-record.ts';
import type { Networks } from '../network/networks.ts';
import type { PortAllocator } from '../network/port-allocator.ts';
import { wantedPorts } from '../network/port-specs.ts';
import type { ContainerNames } from './container-names.ts';
import type { Container } from './container.ts';
import type { LinkedNames } from './links.ts';
import { sharedWith } from './modes.ts';
import { namespaceOf } from './sharing.ts';
import type { ContainerRecord, WantedEndpoint } from './container-record.ts';

/** As dockerd sets them: any port may be bound, ping needs no privilege, no addresses of IPv6 where the network has none. */
const SYSCTLS: Readonly<Record<string, string>> = { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' };
const WITHOUT_IPV6: Readonly<Record<string, string>> = { 'net.ipv6.conf.all.disable_ipv6': '1', 'net.ipv6.conf.default.disable_ipv6': '1' };
const WITH_IPV6: Readonly<Record<string, string>> = { 'net.ipv6.conf.all.disable_ipv6': '0', 'net.ipv6.conf.default.disable_ipv6': '0' };

export interface ContainerNetworkOptions {
  networks: Networks;
  ports: PortAllocator;
  names: ContainerNames;
}

export interface ConnectedNetwork {
  /** Path of the network namespace; undefined: the host's. */
  namespace: string | undefined;
  endpoints: readonly EndpointRecord[];
}

/** Puts containers into their networks and takes them out. */
export class ContainerNetwork {
  readonly #options: ContainerNetworkOptions;

  constructor(options: ContainerNetworkOptions) {
    this.#options = options;
  }

  /**
   * A namespace, the endpoints in it, and the files that name the container.
   * @param undo takes everything away again
   */
  async connect(container: Container, undo: Cleanup, relations: { donor: Container | undefined; linked: LinkedNames['hosts'] }): Promise<ConnectedNetwork> {
    const { record, paths } = container;
    if (relations.donor) return { namespace: namespaceOf(relations.donor, 'net'), endpoints: [] };
    const wanted = wantedNetworks(record);
    const { networks } = this.#options;
    const resolved = wanted.map(([name, endpoint]) => ({ network: networks.get(name), endpoint }));
    const isHost = resolved.some(({ network }) => network.driver === 'host');
    const endpoints: EndpointRecord[] = [];
    // What is connected when something later fails is taken out again, in one place.
    undo.push(() => this.#release(record, endpoints));
    if (isHost) {
      for (const { network, endpoint } of resolved) endpoints.push(await networks.attach(network, record.id, { ...endpoint, ports: [], interfaceName: '' }, unusedSandbox));
    } else {
      await deleteNetworkNamespace(paths.networkNamespace);
      const hasIpv6 = resolved.some(({ network }) => network.enableIpv6);
      using netlink = createNetworkNamespace(paths.networkNamespace, { ...SYSCTLS, ...(hasIpv6 ? {} : WITHOUT_IPV6) });
      undo.push(() => deleteNetworkNamespace(paths.networkNamespace));
      const sandbox = { path: paths.networkNamespace, netlink };
      const publisher = publishingNetwork(resolved);
      const ports = publisher ? this.#publish(record, publisher) : [];
      undo.push(() => { this.#options.ports.release(ports); });
      for (const [index, { network, endpoint }] of resolved.entries()) {
        endpoints.push(await networks.attach(network, record.id, { ...endpoint, ports: network === publisher ? ports : [], interfaceName: `eth${String(index)}` }, sandbox));
      }
      networks.setDefaultRoutes(endpoints, sandbox);
      for (const endpoint of endpoints) this.#options.ports.serve(endpoint);
    }
    undo.push(() => this.#options.names.end(container));
    await this.#writeNames(container, endpoints, isHost, relations.linked);
    return { namespace: isHost ? undefined : paths.networkNamespace, endpoints };
  }

  #publish(record: ContainerRecord, network: NetworkRecord): PublishedPort[] {
    const binding = this.#options.networks.hostBinding(network);
    // What comes by IPv4 cannot be led to a container that has none.
    const addresses = binding !== undefined ? [binding] : network.enableIpv4 ? ['0.0.0.0', '::'] : ['::'];
    try {
      return this.#options.ports.allocate(wantedPorts(record.hostConfig, Object.keys(record.config.ExposedPorts ?? {}), addresses), record.name);
    } catch (error) {
      if (error instanceof InternalError) throw new InternalError(`driver failed programming external connectivity on endpoint ${record.name}: ${error.message}`, { cause: error });
      throw error;
    }
  }

  /** Puts a container that runs into one more network. @returns its place there */
  async join(container: Container, network: NetworkRecord, wanted: WantedEndpoint): Promise<EndpointRecord> {
    const { record, paths } = container;
    const used = new Set(record.endpoints.map((endpoint) => endpoint.interfaceName));
    let index = 0;
    while (used.has(`eth${String(index)}`)) index += 1;
    using netlink = openNetworkNamespace(paths.networkNamespace, network.enableIpv6 ? WITH_IPV6 : {});
    const sandbox = { path: paths.networkNamespace, netlink };
    // Ports stay where they are published; where nothing is, this network does it.
    const publishes = network.driver === 'bridge' && !record.endpoints.some((endpoint) => endpoint.gateway !== undefined || endpoint.gateway6 !== undefined);
    const ports = publishes ? this.#publish(record, network) : [];
    try {
      const endpoint = await this.#options.networks.attach(network, record.id, { ...wanted, ports, interfaceName: `eth${String(index)}` }, sandbox);
      this.#options.networks.setDefaultRoutes([...record.endpoints, endpoint], sandbox);
      this.#options.ports.serve(endpoint);
      return endpoint;
    } catch (error) {
      this.#options.ports.release(ports);
      throw error;
    }
  }

  /** Takes a container that runs out of a network; another of those that are left has the way out then. */
  async leave(container: Container, endpoint: EndpointRecord): Promise<void> {
    const { networks, ports } = this.#options;
    using netlink = openNetworkNamespace(container.paths.networkNamespace);
    const sandbox = { path: container.paths.networkNamespace, netlink };
    await networks.detach(container.record.id, endpoint, { sandbox });
    ports.release(endpoint.ports);
    networks.setDefaultRoutes(container.record.endpoints.filter((other) => other.id !== endpoint.id), sandbox);
  }

  /** Takes a container out of its networks. Tries everything; idempotent. */
  async disconnect(container: Container, endpoints: readonly EndpointRecord[]): Promise<void> {
    await this.#options.names.end(container);
    await this.#release(container.record, endpoints);
    await deleteNetworkNamespace(container.paths.networkNamespace);
  }

  /** Marks the host ports of a container that runs on as taken, and takes up its names. */
  async adopt(container: Container): Promise<void> {
    for (const endpoint of container.record.endpoints) this.#options.ports.adopt(endpoint, container.record.name);
    await this.#options.names.renew(container);
  }

  async #release(record: ContainerRecord, endpoints: readonly EndpointRecord[]): Promise<void> {
    for (const endpoint of endpoints) {
      await this.#options.networks.detach(record.id, endpoint);
      this.#options.ports.release(endpoint.ports);
    }
  }

  /** Tells a container that runs, and others, where it is now. @param hadNames it was in a network with names before */
  async announceNames(container: Container, hadNames: boolean): Promise<void> {
    const { names } = this.#options;
    if (hadNames || !names.hasNames(container)) await names.renew(container);
    else await writeFile(container.paths.resolvConf, await names.begin(container, container.record.endpoints));
  }

  hasNames(container: Container): boolean {
    return this.#options.names.hasNames(container);
  }

  /** Writes /etc/hosts of a container that runs anew: who it is linked with has another address. */
  async updateHosts(container: Container, linked: LinkedNames['hosts']): Promise<void> {
    await writeFile(container.paths.hosts, this.#hosts(container, container.record.endpoints, linked));
  }

  #hosts({ record }: Container, endpoints: readonly EndpointRecord[], linked: LinkedNames['hosts']): string {
    const { config, hostConfig } = record;
    return hostsFile({
      hostname: hostnameOf(record), domainname: config.Domainname ?? '', addresses: endpoints.flatMap((endpoint) => [endpoint.address ?? [], endpoint.address6 ?? []].flat()),
      extraHosts: hostConfig.ExtraHosts ?? [], gateway: this.#options.names.hostGateway(), linked,
    });
  }

  async #writeNames(container: Container, endpoints: readonly EndpointRecord[], isHost: boolean, linked: LinkedNames['hosts']): Promise<void> {
    const { hostConfig } = container.record;
    const { paths } = container;
    const name = hostnameOf(container.record);
    await Promise.all([
      writeFile(paths.hosts, isHost ? await hostNetworkHosts(hostConfig.ExtraHosts ?? []) : this.#hosts(container, endpoints, linked)),
      writeFile(paths.hostname, `${name}\n`),
      writeFile(paths.resolvConf, await this.#options.names.begin(container, endpoints, isHost)),
    ]);
  }
}

/** The network whose way out published ports come in by: the gateway's, if it is a bridge, or else any bridge. */
function publishingNetwork(resolved: readonly { network: NetworkRecord; endpoint: WantedEndpoint }[]): NetworkRecord | undefined {
  const gateway = chooseGateway(resolved, 4) ?? chooseGateway(resolved, 6);
  return (gateway?.network.driver === 'bridge' ? gateway : resolved.find(({ network }) => network.driver === 'bridge'))?.network;
}

const unusedSandbox = { path: '', get netlink(): never { throw new Error('the host network has no sandbox'); } };

/** The name that a container has for itself: the machine's in the host's network. */
export function hostnameOf(record: ContainerRecord): string {
  const { Hostname: own } = record.config;
  return own === undefined || own === '' ? hostname() : own;
}

/** The networks of a container, the one with the default route first. */
export function wantedNetworks(record: Pick<ContainerRecord, 'networks' | 'networksAreWhole' | 'hostConfig' | 'config'>): [string, WantedEndpoint][] {
  if (record.config.NetworkDisabled === true) return [['none', { aliases: [] }]];
  const mode = record.hostConfig.NetworkMode ?? 'bridge';
  if (sharedWith(mode) !== undefined) return [];
  const whole = Object.entries(record.networks);
  // One that is in no network any more gets the first again at its next start, as in dockerd.
  if (record.networksAreWhole && whole.length > 0) return whole;
  const first: [string, WantedEndpoint] = [mode, record.networks[mode] ?? (mode === 'bridge' ? record.networks['default'] : undefined) ?? { aliases: [] }];
  return [first, ...Object.entries(record.networks).filter(([name]) => name !== mode && name !== 'default')];
}

/** The networks that a container which does not run is said to be in: after it has left the last, none, until it starts. */
export function plannedNetworks(record: Parameters<typeof wantedNetworks>[0]): [string, WantedEndpoint][] {
  return record.networksAreWhole && record.config.NetworkDisabled !== true ? Object.entries(record.networks) : wantedNetworks(record);
}

async function hostNetworkHosts(extra: readonly string[]): Promise<string> {
  const own = await readFile('/etc/hosts', 'utf8').catch(() => '127.0.0.1\tlocalhost\n');
  const lines = extra.map((entry) => `${entry.slice(entry.indexOf(':') + 1).replace('host-gateway', '127.0.0.1')}\t${entry.slice(0, entry.indexOf(':'))}\n`);
  return own + lines.join('');
}
