import { closeSync, openSync } from 'node:fs';
import { InternalError, InvalidArgumentError } from '../../api/errors.ts';
import { Cleanup } from '../../base/cleanup.ts';
import type { Logger } from '../../base/log.ts';
import { forgetUdp } from '../linux/conntrack.ts';
import { addAddress, createBridge, createVeth, deleteAddress, deleteLink, findLink, linkIndex, listAddresses, setBridgePort, setLinkUp } from '../linux/link.ts';
import { NetlinkSocket } from '../linux/netlink.ts';
import { readSysctl, setInterfaceSysctl, setSysctl } from '../linux/network-namespace.ts';
import { parseBridgeOptions } from './bridge-options.ts';
import { type Cidr, ipBytes, parseCidr, parseIp } from './cidr.ts';
import type { Firewall } from './firewall.ts';
import type { NetworkDriver, Sandbox } from './network-driver.ts';
import type { BridgeSettings, EndpointRecord, NetworkRecord, PoolRecord } from './network-record.ts';
import type { RuleNetwork, RulePort } from './nft-rules.ts';
import { configureLink, linkAddress, macBytes } from './sandbox-link.ts';

/** A Linux bridge per network, a veth pair per container, masquerading and published ports by the firewall. */
export class BridgeDriver implements NetworkDriver {
  readonly name = 'bridge';
  readonly #netlink = new NetlinkSocket();
  readonly #bridgeIndexes = new Map<string, number>();
  readonly #firewall: Firewall;
  readonly #log: Logger;
  readonly #alias: string;
  readonly #forward: boolean;

  /**
   * @param options.owner written into the kernel's alias of every bridge, so that its owner can be told
   * @param options.forward whether to let this machine forward packets (`ip-forward`)
   */
  constructor(options: { firewall: Firewall; owner: string; forward: boolean; log: Logger }) {
    this.#firewall = options.firewall;
    this.#alias = `strata ${options.owner}`;
    this.#forward = options.forward;
    this.#log = options.log;
  }

  async create(network: NetworkRecord): Promise<void> {
    const { interfaceName, mtu } = settings(network);
    if (this.#forward) this.#turnOnForwarding(network);
    await using undo = new Cleanup();
    const present = findLink(this.#netlink, interfaceName);
    if (present && present.kind !== 'bridge') throw new InvalidArgumentError(`cannot use ${interfaceName} for network ${network.name}: it is there, and no bridge`);
    if (!present) {
      createBridge(this.#netlink, { name: interfaceName, alias: this.#alias, mtu });
      undo.push(() => { deleteLink(this.#netlink, interfaceName); });
      this.#log.info('bridge created', { bridge: interfaceName, addresses: network.pools.map(({ subnet }) => subnet) });
    }
    const index = linkIndex(this.#netlink, interfaceName);
    if (network.enableIpv6) setInterfaceSysctl('ipv6', interfaceName, 'disable_ipv6', '0');
    // Whoever announces routes on a bridge is a container.
    setInterfaceSysctl('ipv6', interfaceName, 'accept_ra', '0');
    this.#setAddresses(index, network, present?.alias === this.#alias);
    setLinkUp(this.#netlink, index);
    // Needed so that 127.0.0.1:PORT of the host can lead to a container; the firewall keeps containers away from the host's loopback.
    setInterfaceSysctl('ipv4', interfaceName, 'route_localnet', '1');
    await this.#firewall.addNetwork(ruleNetwork(network));
    this.#bridgeIndexes.set(network.id, index);
    undo.disarm();
  }

  #turnOnForwarding(network: NetworkRecord): void {
    const switches = [...(network.enableIpv4 ? ['net.ipv4.ip_forward'] : []), ...(network.enableIpv6 ? ['net.ipv6.conf.default.forwarding', 'net.ipv6.conf.all.forwarding'] : [])];
    for (const name of switches.filter((each) => readSysctl(each) !== '1')) {
      setSysctl(name, '1');
      this.#log.info('forwarding turned on', { name });
    }
  }

  /** @param isOurs whether what stands in the way was put there by us, for an earlier `bip` */
  #setAddresses(index: number, network: NetworkRecord, isOurs: boolean): void {
    const isolated = network.internal && parseBridgeOptions(network.options).gatewayMode4 === 'isolated';
    const wanted = isolated ? [] : network.pools.flatMap((pool) => gatewayOf(pool) ?? []).map(linkAddress);
    const present = listAddresses(this.#netlink, index);
    const same = (a: { address: Buffer; prefix: number }, b: { address: Buffer; prefix: number }): boolean => a.prefix === b.prefix && a.address.equals(b.address);
    for (const old of isOurs ? present.filter((each) => !isLinkLocal(each.address) && !wanted.some((one) => same(each, one))) : []) deleteAddress(this.#netlink, { index, ...old });
    for (const address of wanted.filter((each) => !present.some((one) => same(each, one)))) addAddress(this.#netlink, { index, ...address });
  }

  async delete(network: NetworkRecord): Promise<void> {
    const { interfaceName } = settings(network);
    this.#bridgeIndexes.delete(network.id);
    try {
      await this.#firewall.deleteNetwork(ruleNetwork(network));
    } finally {
      // A bridge that was there before stays.
      if (findLink(this.#netlink, interfaceName)?.alias === this.#alias) deleteLink(this.#netlink, interfaceName);
    }
  }

  async attach(network: NetworkRecord, draft: EndpointRecord, sandbox: Sandbox): Promise<EndpointRecord> {
    await using undo = new Cleanup((error) => { this.#log.warn('cannot undo an attachment', { network: network.name, error }); });
    const hostInterface = `veth${draft.id.slice(0, 11)}`;
    const endpoint = { ...draft, hostInterface };
    this.#connect(network, endpoint, sandbox);
    undo.push(() => { deleteLink(this.#netlink, hostInterface); });
    await this.#firewall.addPorts(rulePorts(network, endpoint));
    this.#forgetConnections(endpoint);
    undo.disarm();
    return endpoint;
  }

  #connect(network: NetworkRecord, endpoint: EndpointRecord, sandbox: Sandbox): void {
    const { hostInterface = '', interfaceName = '', mac = '' } = endpoint;
    const namespaceFd = openSync(sandbox.path, 'r');
    try {
      createVeth(this.#netlink, {
        host: hostInterface, bridgeIndex: this.#bridgeIndexes.get(network.id) ?? 0, mtu: settings(network).mtu, peer: { name: interfaceName, mac: macBytes(mac), namespaceFd },
      });
    } finally {
      closeSync(namespaceFd);
    }
    try {
      const hairpin = endpoint.ports.length > 0;
      const isolated = !parseBridgeOptions(network.options).interContainer;
      if (hairpin || isolated) setBridgePort(this.#netlink, hostInterface, { ...(hairpin ? { hairpin } : {}), ...(isolated ? { isolated } : {}) });
      configureLink(sandbox, endpoint);
    } catch (error) {
      deleteLink(this.#netlink, hostInterface);
      throw error;
    }
  }

  /** Clients of UDP ports that go on would reach whoever had the port, or the address, before. */
  #forgetConnections({ ports, address, address6 }: EndpointRecord): void {
    const udp = ports.filter(({ protocol }) => protocol === 'udp');
    if (udp.length === 0) return;
    try {
      forgetUdp(new Set(udp.map(({ hostPort }) => hostPort)), [address, address6].flatMap((text) => (text === undefined ? [] : [ipBytes(parseIp(text))])));
    } catch (error) {
      this.#log.warn('old connections of UDP ports cannot be forgotten', { error });
    }
  }

  adopt(network: NetworkRecord, endpoint: EndpointRecord): void {
    this.#firewall.adoptPorts(rulePorts(network, endpoint));
  }

  async detach(network: NetworkRecord, endpoint: EndpointRecord, options: { sandbox?: Sandbox } = {}): Promise<void> {
    try {
      await this.#firewall.deletePorts(rulePorts(network, endpoint));
      this.#forgetConnections(endpoint);
    } finally {
      // The links go with the container's namespace: deleting one here would wait for the kernel's grace period.
      if (options.sandbox && endpoint.hostInterface !== undefined) deleteLink(this.#netlink, endpoint.hostInterface);
    }
  }
}

function settings(network: NetworkRecord): BridgeSettings {
  if (!network.bridge) throw new InternalError(`network ${network.name} is no bridge`);
  return network.bridge;
}

function gatewayOf({ subnet, gateway }: PoolRecord): Cidr | undefined {
  return gateway === undefined ? undefined : parseCidr(`${gateway}/${String(parseCidr(subnet).prefix)}`);
}

function isLinkLocal(address: Buffer): boolean {
  return address.length === 16 && address.readUInt16BE(0) === 0xfe80;
}

function ruleNetwork(network: NetworkRecord): RuleNetwork {
  const { masquerade, gatewayMode4, gatewayMode6, interContainer } = parseBridgeOptions(network.options);
  return {
    interfaceName: settings(network).interfaceName, internal: network.internal, interContainer,
    subnets: network.pools.map(({ subnet }) => {
      const mode = subnet.includes(':') ? gatewayMode6 : gatewayMode4;
      return { subnet, masquerade: masquerade && mode !== 'routed', open: mode === 'nat-unprotected' };
    }),
  };
}

/** What the firewall can translate: both addresses of one family. */
function rulePorts(network: NetworkRecord, endpoint: EndpointRecord): RulePort[] {
  const { gatewayMode4, gatewayMode6 } = parseBridgeOptions(network.options);
  return endpoint.ports.flatMap((port) => {
    const is6 = port.hostAddress.includes(':');
    const containerAddress = is6 ? endpoint.address6 : endpoint.address;
    return containerAddress === undefined ? [] : [{ ...port, containerAddress, routed: (is6 ? gatewayMode6 : gatewayMode4) === 'routed' }];
  });
}
