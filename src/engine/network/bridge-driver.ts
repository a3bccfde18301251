import { closeSync, openSync } from 'node:fs';
import { InternalError } from '../../api/errors.ts';
import { Cleanup } from '../../base/cleanup.ts';
import type { Logger } from '../../base/log.ts';
import { addAddress, addDefaultRoute, createBridge, createVeth, deleteLink, findLink, linkIndex, setHairpin, setLinkUp } from '../linux/link.ts';
import { NetlinkSocket } from '../linux/netlink.ts';
import { readSysctl, setSysctl } from '../linux/network-namespace.ts';
import { formatCidr, formatIpv4, parseCidr, parseIpv4 } from './cidr.ts';
import type { Firewall } from './firewall.ts';
import { IpPool } from './ip-pool.ts';
import type { EndpointRequest, NetworkDriver, Sandbox } from './network-driver.ts';
import type { BridgeSettings, EndpointRecord, NetworkRecord } from './network-record.ts';
import type { RulePort } from './nft-rules.ts';

/** A Linux bridge per network, a veth pair per container, masquerading and published ports by the firewall. IPv4. */
export class BridgeDriver implements NetworkDriver {
  readonly name = 'bridge';
  readonly #netlink = new NetlinkSocket();
  readonly #pools = new Map<string, IpPool>();
  readonly #bridgeIndexes = new Map<string, number>();
  readonly #firewall: Firewall;
  readonly #log: Logger;
  /** Written into the kernel's alias of every bridge, so that its owner can be told. */
  readonly #owner: string;

  constructor(options: { firewall: Firewall; owner: string; log: Logger }) {
    this.#firewall = options.firewall;
    this.#owner = options.owner;
    this.#log = options.log;
  }

  async create(network: NetworkRecord): Promise<void> {
    const bridge = settings(network);
    const { address, broadcast, prefix, network: base } = parseCidr(bridge.address);
    if (readSysctl('net.ipv4.ip_forward') !== '1') {
      setSysctl('net.ipv4.ip_forward', '1');
      this.#log.info('ip forwarding turned on', {});
    }
    await using undo = new Cleanup();
    if (!findLink(this.#netlink, bridge.interfaceName)) {
      createBridge(this.#netlink, { name: bridge.interfaceName, alias: `strata ${this.#owner}`, mtu: bridge.mtu });
      undo.push(() => { deleteLink(this.#netlink, bridge.interfaceName); });
      this.#log.info('bridge created', { bridge: bridge.interfaceName, address: bridge.address });
    }
    const index = linkIndex(this.#netlink, bridge.interfaceName);
    ignoring('EEXIST', () => { addAddress(this.#netlink, { index, address, broadcast, prefix }); });
    setLinkUp(this.#netlink, index);
    // Needed so that 127.0.0.1:PORT of the host can lead to a container; the firewall keeps containers away from the host's loopback.
    setSysctl(`net.ipv4.conf.${bridge.interfaceName}.route_localnet`, '1');
    await this.#firewall.addNetwork({ interfaceName: bridge.interfaceName, subnet: formatCidr(base, prefix), internal: network.internal });
    this.#pools.set(network.id, new IpPool(parseCidr(bridge.address), [address], bridge.range === undefined ? undefined : parseCidr(bridge.range)));
    this.#bridgeIndexes.set(network.id, index);
    undo.disarm();
  }

  async delete(network: NetworkRecord): Promise<void> {
    const { interfaceName } = settings(network);
    this.#pools.delete(network.id);
    this.#bridgeIndexes.delete(network.id);
    try {
      await this.#firewall.deleteNetwork(interfaceName);
    } finally {
      deleteLink(this.#netlink, interfaceName);
    }
  }

  async attach(network: NetworkRecord, request: EndpointRequest, sandbox: Sandbox): Promise<EndpointRecord> {
    const pool = this.#pool(network);
    const gateway = parseCidr(settings(network).address);
    await using undo = new Cleanup((error) => { this.#log.warn('cannot undo an attachment', { network: network.name, error }); });
    const address = pool.allocate(request.address === undefined ? undefined : parseIpv4(request.address));
    undo.push(() => { pool.release(address); });
    const endpoint: EndpointRecord = {
      id: request.endpointId, networkId: network.id, networkName: network.name, aliases: request.aliases, ports: request.ports,
      interfaceName: request.interfaceName, hostInterface: `veth${request.endpointId.slice(0, 11)}`,
      address: formatIpv4(address), prefix: gateway.prefix, gateway: formatIpv4(gateway.address), mac: request.mac ?? macOf(address),
    };
    this.#connect(network, endpoint, sandbox, request.defaultRoute && !network.internal);
    undo.push(() => { deleteLink(this.#netlink, endpoint.hostInterface ?? ''); });
    await this.#firewall.addPorts(rulePorts(endpoint));
    undo.disarm();
    return endpoint;
  }

  #connect(network: NetworkRecord, endpoint: EndpointRecord, sandbox: Sandbox, defaultRoute: boolean): void {
    const { mtu, address: gatewayText } = settings(network);
    const gateway = parseCidr(gatewayText);
    const { hostInterface = '', interfaceName = '', address = '', mac = '' } = endpoint;
    const namespaceFd = openSync(sandbox.path, 'r');
    try {
      createVeth(this.#netlink, {
        host: hostInterface, bridgeIndex: this.#bridgeIndexes.get(network.id) ?? 0, mtu,
        peer: { name: interfaceName, mac: Buffer.from(mac.replaceAll(':', ''), 'hex'), namespaceFd },
      });
    } finally {
      closeSync(namespaceFd);
    }
    try {
      if (endpoint.ports.length > 0) setHairpin(this.#netlink, hostInterface);
      const index = linkIndex(sandbox.netlink, interfaceName);
      setLinkUp(sandbox.netlink, index);
      addAddress(sandbox.netlink, { index, address: parseIpv4(address), broadcast: gateway.broadcast, prefix: gateway.prefix });
      if (defaultRoute) addDefaultRoute(sandbox.netlink, { index, gateway: gateway.address });
    } catch (error) {
      deleteLink(this.#netlink, hostInterface);
      throw error;
    }
  }

  adopt(network: NetworkRecord, endpoint: EndpointRecord): void {
    if (endpoint.address !== undefined) ignoringErrors(() => this.#pool(network).allocate(parseIpv4(endpoint.address ?? '')));
    this.#firewall.adoptPorts(rulePorts(endpoint));
  }

  async detach(network: NetworkRecord, endpoint: EndpointRecord, options: { isRunning: boolean } = { isRunning: false }): Promise<void> {
    try {
      await this.#firewall.deletePorts(rulePorts(endpoint));
    } finally {
      // The links go with the container's namespace: deleting one here would wait for the kernel's grace period.
      if (options.isRunning && endpoint.hostInterface !== undefined) deleteLink(this.#netlink, endpoint.hostInterface);
      if (endpoint.address !== undefined) this.#pools.get(network.id)?.release(parseIpv4(endpoint.address));
    }
  }

  giveDefaultRoute(network: NetworkRecord, endpoint: EndpointRecord, sandbox: Sandbox): void {
    if (network.internal || endpoint.interfaceName === undefined) return;
    addDefaultRoute(sandbox.netlink, { index: linkIndex(sandbox.netlink, endpoint.interfaceName), gateway: parseCidr(settings(network).address).address });
  }

  #pool(network: NetworkRecord): IpPool {
    const pool = this.#pools.get(network.id);
    if (!pool) throw new InternalError(`network ${network.name} has not been set up`);
    return pool;
  }
}

function settings(network: NetworkRecord): BridgeSettings {
  if (!network.bridge) throw new InternalError(`network ${network.name} is no bridge`);
  return network.bridge;
}

function rulePorts(endpoint: EndpointRecord): RulePort[] {
  return endpoint.ports.map((port) => ({ ...port, containerAddress: endpoint.address ?? '' }));
}

/** Docker's scheme: 02:42 and the address, so that a container with the same address has the same MAC. */
function macOf(address: number): string {
  return ['02', '42', ...[24, 16, 8, 0].map((shift) => ((address >>> shift) & 255).toString(16).padStart(2, '0'))].join(':');
}

function ignoring(code: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === code)) throw error;
  }
}

function ignoringErrors(work: () => unknown): void {
  try {
    work();
  } catch {
    // An address that two records claim is taken either way.
  }
}
