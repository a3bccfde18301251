import { randomBytes } from 'node:crypto';
import { ConflictError, InternalError, InvalidArgumentError, messageOf, NotFoundError, PermissionDeniedError } from '../../api/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { EventBus } from '../events/event-bus.ts';
import { hasInterface } from './bridge-name.ts';
import { parseBridgeOptions } from './bridge-options.ts';
import { type DefaultBridgeConfig, describeDefaultBridge } from './default-bridge.ts';
import type { Firewall } from './firewall.ts';
import { chooseGateway, isRouted } from './gateway-choice.ts';
import { readHostRoutes } from './host-routes.ts';
import { NetworkAddresses } from './network-addresses.ts';
import type { NetworkDriver, Sandbox } from './network-driver.ts';
import { type CreateNetworkRequest, DEFAULT_NAMES, planNetwork } from './network-plan.ts';
import type { EndpointRecord, NetworkRecord, PublishedPort } from './network-record.ts';
import type { NetworkStore } from './network-store.ts';
import { macOf, setDefaultRoute } from './sandbox-link.ts';

export interface NetworksOptions {
  store: NetworkStore;
  drivers: readonly NetworkDriver[];
  firewall: Firewall;
  events: EventBus;
  log: Logger;
  defaultBridge: DefaultBridgeConfig;
}

/** What a container asks of its place in a network. */
export interface EndpointRequest {
  /** Fixed addresses, `172.18.0.9`. */
  address?: string;
  address6?: string;
  /** `02:42:ac:11:00:02`; derived from the address if absent. */
  mac?: string;
  aliases: readonly string[];
  gatewayPriority?: number;
  driverOptions?: Readonly<Record<string, string>>;
  ports: readonly PublishedPort[];
  /** Name of the interface inside: `eth0`. */
  interfaceName: string;
}

/** The networks of this engine: which there are, who makes them, and who is in them. */
export class Networks {
  readonly #options: NetworksOptions;
  readonly #byId = new Map<string, NetworkRecord>();
  /** Networks whose kernel objects could not be made; using them says why. */
  readonly #broken = new Map<string, Error>();
  /** Endpoints in use, by network: in memory only, the containers' records are the truth. */
  readonly #endpoints = new Map<string, Set<string>>();
  readonly #addresses = new Map<string, NetworkAddresses>();
  #move: { present: NetworkRecord; record: NetworkRecord } | undefined;

  constructor(options: NetworksOptions) {
    this.#options = options;
  }

  /**
   * Makes the default networks where they are missing, sets up all of them again, adopts the endpoints of containers that run on,
   * and writes the firewall. Called once, before anything else.
   */
  async recover(liveEndpoints: readonly EndpointRecord[]): Promise<void> {
    for (const network of this.#options.store.list()) this.#byId.set(network.id, network);
    this.#createDefaults(liveEndpoints);
    for (const network of this.#byId.values()) await this.#setUp(network);
    for (const endpoint of liveEndpoints) this.#adopt(endpoint);
    await this.#options.firewall.build();
  }

  async #setUp(network: NetworkRecord): Promise<void> {
    this.#addresses.set(network.id, new NetworkAddresses(network));
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
    this.#addresses.get(network.id)?.adopt(endpoint);
    this.#driver(network).adopt(network, endpoint);
    this.#count(network.id).add(endpoint.id);
  }

  #createDefaults(liveEndpoints: readonly EndpointRecord[]): void {
    const find = (name: string): NetworkRecord | undefined => [...this.#byId.values()].find((network) => network.name === name);
    const plain = { createdAt: Date.now(), internal: false, attachable: false, labels: {}, options: {}, enableIpv4: true, enableIpv6: false, ipamOptions: null, pools: [] };
    if (!find('host')) this.#put({ ...plain, id: newId(), name: 'host', driver: 'host' });
    if (!find('none')) this.#put({ ...plain, id: newId(), name: 'none', driver: 'null' });
    const present = find('bridge');
    const { log, defaultBridge } = this.#options;
    const wanted = describeDefaultBridge(defaultBridge, present, this.list().filter((network) => network !== present), log);
    const record: NetworkRecord = { ...plain, ...present, ...wanted, id: present?.id ?? newId(), name: 'bridge', driver: 'bridge' };
    const stays = present && JSON.stringify(record.pools) !== JSON.stringify(present.pools) && liveEndpoints.some((endpoint) => endpoint.networkId === present.id);
    if (stays) this.#move = { present, record };
    else this.#put(record);
  }

  /** Other addresses that the default bridge is to get, as soon as no container holds it; undefined when it has what it should. */
  get bridgeMove(): { networkId: string; from: string; to: string } | undefined {
    const text = ({ pools }: NetworkRecord): string => pools.map(({ subnet }) => subnet).join(' ');
    return this.#move && { networkId: this.#move.present.id, from: text(this.#move.present), to: text(this.#move.record) };
  }

  /** Does so. Nothing may be attached to it. */
  async moveDefaultBridge(): Promise<void> {
    if (!this.#move) return;
    const { present, record } = this.#move;
    this.#move = undefined;
    await this.#driver(present).delete(present);
    this.#put(record);
    await this.#setUp(record);
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

  /** @returns the new network, and what its creator should know @throws ConflictError when the name is taken, others for what cannot be made */
  async create(request: CreateNetworkRequest): Promise<{ network: NetworkRecord; warning: string }> {
    const { defaultBridge, log } = this.#options;
    const { network, warning } = planNetwork(newId(), request, {
      networks: this.list(), routes: readHostRoutes(), addressPools: defaultBridge.addressPools, mtu: defaultBridge.mtu, hasInterface,
    });
    if (warning !== '') log.warn('address range is in use on this machine', { network: network.name, warning });
    // Taken before the kernel is asked, so that two at once do not get one subnet.
    this.#byId.set(network.id, network);
    try {
      await this.#driver(network).create(network);
      this.#options.store.put(network);
    } catch (error) {
      this.#byId.delete(network.id);
      throw error;
    }
    this.#addresses.set(network.id, new NetworkAddresses(network));
    this.#announce('create', network);
    return { network, warning };
  }

  /** @throws PermissionDeniedError for the default networks and for one in use */
  async delete(idOrName: string): Promise<NetworkRecord> {
    const network = this.get(idOrName);
    if (this.isDefault(network)) throw new PermissionDeniedError(`${network.name} is a pre-defined network and cannot be removed`);
    if (this.#count(network.id).size > 0) throw new PermissionDeniedError(`error while removing network: network ${network.name} id ${network.id} has active endpoints`);
    await this.#driver(network).delete(network);
    this.#options.store.delete(network.id);
    this.#byId.delete(network.id);
    this.#announce('destroy', network);
    return network;
  }

  /** Where ports are published in this network for which no address is given; undefined: everywhere. */
  hostBinding(network: NetworkRecord): string | undefined {
    return network.driver === 'bridge' ? parseBridgeOptions(network.options).hostBinding : undefined;
  }

  /** Connects a container's sandbox. Nothing is left on failure. */
  async attach(network: NetworkRecord, containerId: string, request: EndpointRequest, sandbox: Sandbox): Promise<EndpointRecord> {
    const broken = this.#broken.get(network.id);
    if (broken) throw new InternalError(`network ${network.name} could not be set up: ${messageOf(broken)}`, { cause: broken });
    checkFixedAddresses(network, request);
    const endpointId = newId();
    this.#count(network.id).add(endpointId);
    const addresses = this.#addresses.get(network.id);
    let given: Partial<EndpointRecord> = {};
    try {
      given = addresses?.allocate(request) ?? {};
      const { address: _four, address6: _six, mac, ...rest } = request;
      const endpoint = await this.#driver(network).attach(network, { ...rest, ...given, mac: mac ?? macOf(given), id: endpointId, networkId: network.id, networkName: network.name }, sandbox);
      this.#announce('connect', network, containerId);
      return endpoint;
    } catch (error) {
      addresses?.release(given);
      this.#count(network.id).delete(endpointId);
      throw error;
    }
  }

  /** Takes an endpoint away. Idempotent. @param options.sandbox of a container that goes on without it */
  async detach(containerId: string, endpoint: EndpointRecord, options?: { sandbox?: Sandbox }): Promise<void> {
    const network = this.#byId.get(endpoint.networkId);
    if (!network || !this.#count(network.id).delete(endpoint.id)) return;
    try {
      await this.#driver(network).detach(network, endpoint, options);
    } finally {
      this.#addresses.get(network.id)?.release(endpoint);
      this.#announce('disconnect', network, containerId);
    }
  }

  /** Gives a container its ways out, of the networks that it is in now. */
  setDefaultRoutes(endpoints: readonly EndpointRecord[], sandbox: Sandbox): void {
    const candidates = endpoints.flatMap((endpoint) => {
      const network = this.#byId.get(endpoint.networkId);
      return network && endpoint.interfaceName !== undefined ? [{ network, endpoint }] : [];
    });
    for (const family of [4, 6] as const) {
      const chosen = chooseGateway(candidates, family);
      const interfaceName = chosen?.endpoint.interfaceName ?? '';
      const gateway = family === 4 ? chosen?.endpoint.gateway : chosen?.endpoint.gateway6;
      if (!chosen || (gateway === undefined && !isRouted(chosen.network))) setDefaultRoute(sandbox, family, undefined);
      else setDefaultRoute(sandbox, family, isRouted(chosen.network) || gateway === undefined ? { interfaceName, onLink: true } : { interfaceName, gateway });
    }
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

function newId(): string {
  return randomBytes(32).toString('hex');
}

/** @throws InvalidArgumentError in dockerd's words */
function checkFixedAddresses({ name, pools, driver }: NetworkRecord, { address, address6 }: EndpointRequest): void {
  for (const [wanted, isFamily] of [[address, (subnet: string): boolean => !subnet.includes(':')], [address6, (subnet: string): boolean => subnet.includes(':')]] as const) {
    if (wanted === undefined) continue;
    if (DEFAULT_NAMES.includes(name) || driver === 'host' || driver === 'null') throw new InvalidArgumentError('user specified IP address is supported on user defined networks only');
    if (!pools.some(({ subnet, chosen }) => isFamily(subnet) && chosen !== true)) throw new InvalidArgumentError('user specified IP address is supported only when connecting to networks with user configured subnets');
  }
}
