import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { ConflictError, InternalError, InvalidArgumentError, messageOf, NotFoundError, PermissionDeniedError } from '../../api/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { EventBus } from '../events/event-bus.ts';
import { findLink } from '../linux/link.ts';
import { NetlinkSocket } from '../linux/netlink.ts';
import { chooseSubnet } from './choose-subnet.ts';
import { formatCidr, overlaps, parseCidr } from './cidr.ts';
import type { Firewall } from './firewall.ts';
import { readHostRoutes } from './host-routes.ts';
import type { EndpointRequest, NetworkDriver, Sandbox } from './network-driver.ts';
import type { BridgeSettings, EndpointRecord, NetworkRecord } from './network-record.ts';
import type { NetworkStore } from './network-store.ts';

export interface CreateNetworkRequest {
  name: string;
  driver: string;
  internal: boolean;
  attachable: boolean;
  labels: Readonly<Record<string, string>>;
  options: Readonly<Record<string, string>>;
  subnet?: string;
  range?: string;
  gateway?: string;
}

export interface NetworksOptions {
  store: NetworkStore;
  drivers: readonly NetworkDriver[];
  firewall: Firewall;
  events: EventBus;
  log: Logger;
  /** Interface of the default network: `strata0`. */
  defaultBridge: string;
  /** Address of the default bridge as configured; undefined: choose. */
  bip: string | undefined;
  mtu: number;
}

const DEFAULT_NAMES = ['bridge', 'host', 'none'];

/** The networks of this engine: which there are, and who makes them. */
export class Networks {
  readonly #options: NetworksOptions;
  readonly #byId = new Map<string, NetworkRecord>();
  /** Networks whose kernel objects could not be made; using them says why. */
  readonly #broken = new Map<string, Error>();
  /** Endpoints in use, by network: in memory only, the containers' records are the truth. */
  readonly #endpoints = new Map<string, Set<string>>();

  constructor(options: NetworksOptions) {
    this.#options = options;
  }

  /**
   * Makes the default networks where they are missing, sets up all of them again, adopts the endpoints of containers that run on,
   * and writes the firewall. Called once, before anything else.
   */
  async recover(liveEndpoints: readonly EndpointRecord[]): Promise<void> {
    for (const network of this.#options.store.list()) this.#byId.set(network.id, network);
    this.#createDefaults();
    this.#updateDefaultBridge(liveEndpoints);
    for (const network of this.#byId.values()) await this.#setUp(network);
    for (const endpoint of liveEndpoints) this.#adopt(endpoint);
    await this.#options.firewall.build();
  }

  async #setUp(network: NetworkRecord): Promise<void> {
    try {
      await this.#driver(network).create(network);
    } catch (error) {
      this.#options.log.error('network cannot be set up', { network: network.name, error });
      this.#broken.set(network.id, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #adopt(endpoint: EndpointRecord): void {
    const network = this.#byId.get(endpoint.networkId);
    if (!network || this.#broken.has(network.id)) return;
    this.#driver(network).adopt(network, endpoint);
    this.#count(network.id).add(endpoint.id);
  }

  #createDefaults(): void {
    const existing = new Set([...this.#byId.values()].map((network) => network.name));
    const plain = { createdAt: Date.now(), internal: false, attachable: false, labels: {}, options: {} };
    if (!existing.has('bridge')) this.#put({ ...plain, id: newId(), name: 'bridge', driver: 'bridge', bridge: this.#defaultBridge() });
    if (!existing.has('host')) this.#put({ ...plain, id: newId(), name: 'host', driver: 'host' });
    if (!existing.has('none')) this.#put({ ...plain, id: newId(), name: 'none', driver: 'null' });
  }

  /** A changed `bip`, or an address that has meanwhile come to clash, is taken up when no container holds the bridge. */
  #updateDefaultBridge(liveEndpoints: readonly EndpointRecord[]): void {
    const network = [...this.#byId.values()].find((candidate) => candidate.name === 'bridge');
    const present = network?.bridge;
    if (!network || !present) return;
    const { bip } = this.#options;
    const wanted = bip ?? (this.#clashOf(present.address, present.interfaceName) === undefined ? present.address : undefined);
    if (wanted === present.address) return;
    if (liveEndpoints.some((endpoint) => endpoint.networkId === network.id)) {
      this.#options.log.warn('the default bridge keeps its address until its containers have stopped', { address: present.address, wanted });
      return;
    }
    this.#put({ ...network, bridge: this.#defaultBridge(present.interfaceName) });
  }

  #defaultBridge(interfaceName = this.#options.defaultBridge): BridgeSettings {
    const { bip, mtu, log } = this.#options;
    const routes = readHostRoutes().filter((route) => route.interfaceName !== interfaceName);
    const address = bip ?? chooseSubnet(routes);
    const clash = this.#clashOf(bip ?? '172.17.0.1/16', interfaceName);
    if (clash !== undefined) {
      log.warn('address range is in use on this machine', bip === undefined
        ? { wanted: '172.17.0.1/16', interface: clash, chosen: address }
        : { bip, interface: clash, remedy: `choose another, for example --bip ${chooseSubnet(routes)}` });
    }
    return { interfaceName, address, mtu };
  }


  /** The other interface that has a route into this subnet. */
  #clashOf(address: string, own: string): string | undefined {
    const cidr = parseCidr(address);
    return readHostRoutes().find((route) => route.interfaceName !== own && overlaps(route, cidr))?.interfaceName;
  }

  list(): readonly NetworkRecord[] {
    return [...this.#byId.values()];
  }

  /** By name, id or unambiguous beginning of an id. @throws NotFoundError, ConflictError when several fit */
  get(idOrName: string): NetworkRecord {
    const exact = this.#byId.get(idOrName) ?? this.list().find((network) => network.name === idOrName);
    if (exact) return exact;
    const matches = idOrName === '' ? [] : this.list().filter((network) => network.id.startsWith(idOrName));
    if (matches.length > 1) throw new ConflictError(`network ${idOrName} is ambiguous (${String(matches.length)} matches found based on ID prefix)`);
    if (!matches[0]) throw new NotFoundError(`network ${idOrName} not found`);
    return matches[0];
  }

  isDefault(network: NetworkRecord): boolean {
    return DEFAULT_NAMES.includes(network.name);
  }

  /** @throws ConflictError when the name is taken, InvalidArgumentError for what cannot be made */
  async create(request: CreateNetworkRequest): Promise<NetworkRecord> {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(request.name)) throw new InvalidArgumentError(`invalid network name ${JSON.stringify(request.name)}: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
    if (request.driver !== 'bridge') throw new InvalidArgumentError(`networks of driver ${JSON.stringify(request.driver)} cannot be created: only bridge can`);
    if (this.list().some((network) => network.name === request.name)) throw new ConflictError(`network with name ${request.name} already exists`);
    const id = newId();
    const network: NetworkRecord = {
      id, name: request.name, driver: 'bridge', createdAt: Date.now(), internal: request.internal, attachable: request.attachable,
      labels: request.labels, options: request.options, bridge: this.#bridgeFor(id, request),
    };
    // Taken before the kernel is asked, so that two at once do not get one subnet.
    this.#byId.set(id, network);
    try {
      await this.#driver(network).create(network);
      this.#options.store.put(network);
    } catch (error) {
      this.#byId.delete(id);
      throw error;
    }
    this.#announce('create', network);
    return network;
  }

  #bridgeFor(id: string, request: CreateNetworkRequest): BridgeSettings {
    const interfaceName = request.options['com.docker.network.bridge.name'] ?? `br-${id.slice(0, 12)}`;
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,14}$/.test(interfaceName)) throw new InvalidArgumentError(`invalid bridge name ${JSON.stringify(interfaceName)}`);
    const mtu = Number(request.options['com.docker.network.driver.mtu'] ?? this.#options.mtu);
    const used = [...readHostRoutes(), ...this.list().flatMap((network) => (network.bridge ? [parseCidr(network.bridge.address)] : []))];
    if (request.subnet === undefined) return { interfaceName, mtu, address: chooseSubnet(used) };
    const subnet = parseCidr(request.subnet);
    if (used.some((other) => overlaps(other, subnet))) throw new PermissionDeniedError(`invalid pool request: Pool overlaps with other one on this address space: ${request.subnet}`);
    const gateway = request.gateway === undefined ? subnet.network + 1 : parseCidr(`${request.gateway}/${String(subnet.prefix)}`).address;
    return { interfaceName, mtu, address: formatCidr(gateway, subnet.prefix), ...(request.range === undefined ? {} : { range: request.range }) };
  }

  /** @throws PermissionDeniedError for the default networks and for one in use */
  async delete(idOrName: string): Promise<NetworkRecord> {
    const network = this.get(idOrName);
    if (this.isDefault(network)) throw new PermissionDeniedError(`${network.name} is a pre-defined network and cannot be removed`);
    if (this.#count(network.id).size > 0) throw new PermissionDeniedError(`error while removing network: network ${network.name} has active endpoints`);
    await this.#driver(network).delete(network);
    this.#options.store.delete(network.id);
    this.#byId.delete(network.id);
    this.#announce('destroy', network);
    return network;
  }

  /** Connects a container's sandbox. Nothing is left on failure. */
  async attach(network: NetworkRecord, containerId: string, request: Omit<EndpointRequest, 'endpointId'>, sandbox: Sandbox): Promise<EndpointRecord> {
    const broken = this.#broken.get(network.id);
    if (broken) throw new InternalError(`network ${network.name} could not be set up: ${messageOf(broken)}`, { cause: broken });
    const endpointId = newId();
    this.#count(network.id).add(endpointId);
    try {
      const endpoint = await this.#driver(network).attach(network, { ...request, endpointId }, sandbox);
      this.#announce('connect', network, containerId);
      return endpoint;
    } catch (error) {
      this.#count(network.id).delete(endpointId);
      throw error;
    }
  }

  /** Takes an endpoint away. Idempotent. */
  async detach(containerId: string, endpoint: EndpointRecord, options?: { isRunning: boolean }): Promise<void> {
    const network = this.#byId.get(endpoint.networkId);
    if (!network || !this.#count(network.id).delete(endpoint.id)) return;
    try {
      await this.#driver(network).detach(network, endpoint, options);
    } finally {
      this.#announce('disconnect', network, containerId);
    }
  }

  giveDefaultRoute(endpoint: EndpointRecord, sandbox: Sandbox): void {
    const network = this.#byId.get(endpoint.networkId);
    if (network) this.#driver(network).giveDefaultRoute(network, endpoint, sandbox);
  }

  /** Takes the kernel's part of all networks away, at the end of an engine that leaves no container running. */
  async dismantle(): Promise<void> {
    for (const network of this.#byId.values()) {
      if (this.#count(network.id).size > 0 || this.#broken.has(network.id)) continue;
      await this.#driver(network).delete(network).catch((error: unknown) => { this.#options.log.warn('network cannot be taken down', { network: network.name, error }); });
    }
  }

  #put(network: NetworkRecord): void {
    this.#options.store.put(network);
    this.#byId.set(network.id, network);
  }

  #count(networkId: string): Set<string> {
    const present = this.#endpoints.get(networkId) ?? new Set();
    this.#endpoints.set(networkId, present);
    return present;
  }

  #driver(network: NetworkRecord): NetworkDriver {
    const driver = this.#options.drivers.find((candidate) => candidate.name === network.driver);
    if (!driver) throw new InternalError(`network ${network.name} has the unknown driver ${network.driver}`);
    return driver;
  }

  #announce(action: string, network: NetworkRecord, containerId?: string): void {
    this.#options.events.publish({
      type: 'network', action, id: network.id,
      attributes: { ...(containerId === undefined ? {} : { container: containerId }), name: network.name, type: network.driver },
    });
  }
}

/**
 * A name for the default bridge that no other engine on this machine uses: `strata0`, `strata1` … One that belongs to `owner`
 * already is taken again. `stale`: the interface is left from an engine whose data root no longer exists, and must be deleted first.
 * @param owner the data root
 */
export function chooseBridgeName(owner: string): { name: string; stale: boolean } {
  using netlink = new NetlinkSocket();
  for (let index = 0; ; index += 1) {
    const name = `strata${String(index)}`;
    const link = findLink(netlink, name);
    if (!link || link.alias === `strata ${owner}`) return { name, stale: false };
    if (link.alias.startsWith('strata ') && !existsSync(link.alias.slice('strata '.length))) return { name, stale: true };
  }
}

function newId(): string {
  return randomBytes(32).toString('hex');
}
