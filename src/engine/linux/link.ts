import { randomBytes } from 'node:crypto';
import { attribute, attributesOf, NLM_F_CREATE, NLM_F_EXCL, type NetlinkSocket } from './netlink.ts';

/** Links, addresses and routes: each function is one request. Numbers are those of linux/rtnetlink.h and linux/if_link.h. */
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_NET_NS_FD = 28;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_INFO_SLAVE_DATA = 5;
const IFLA_BRPORT_MODE = 4;
const IFLA_BRPORT_ISOLATED = 33;
const VETH_INFO_PEER = 1;
const VLAN_ID = 1;
const MACVLAN_MODE = 1;
const IPVLAN_MODE = 1;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const IFF_UP = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const IFA_F_NODAD = 2;
const SCOPE_UNIVERSE = 0;
const SCOPE_LINK = 253;
const SCOPE_NOWHERE = 255;

function interfaceHeader(options: { index?: number; up?: boolean } = {}): Buffer {
  const header = Buffer.alloc(16);
  header.writeInt32LE(options.index ?? 0, 4);
  if (options.up === true) {
    header.writeUInt32LE(IFF_UP, 8);
    header.writeUInt32LE(IFF_UP, 12);
  }
  return header;
}

export interface Link {
  index: number;
  /** Free text that somebody has set; empty if nobody has. */
  alias: string;
  /** `bridge`, `veth`, `macvlan` …; empty for hardware. */
  kind: string;
}

/** A link by name; undefined when there is none. */
export function findLink(netlink: NetlinkSocket, name: string): Link | undefined {
  try {
    const answer = netlink.request({ type: RTM_GETLINK, payload: Buffer.concat([interfaceHeader(), attribute(IFLA_IFNAME, name)]) }, name);
    if (!answer) return undefined;
    const attributes = attributesOf(answer.payload.subarray(16));
    const kind = attributesOf(attributes.get(IFLA_LINKINFO) ?? Buffer.alloc(0)).get(IFLA_INFO_KIND);
    return { index: answer.payload.readInt32LE(4), alias: textOf(attributes.get(IFLA_IFALIAS)), kind: textOf(kind) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENODEV') return undefined;
    throw error;
  }
}

function textOf(bytes: Buffer | undefined): string {
  return bytes?.toString('utf8').replace(/\0+$/, '') ?? '';
}

/** @throws an error with code `ENODEV` when there is none */
export function linkIndex(netlink: NetlinkSocket, name: string): number {
  const link = findLink(netlink, name);
  if (!link) throw Object.assign(new Error(`no such interface: ${name}`), { code: 'ENODEV' });
  return link.index;
}

/** A bridge, up. @param alias free text that says whose it is. @throws an error with code `EEXIST` */
export function createBridge(netlink: NetlinkSocket, bridge: { name: string; alias: string; mtu: number }): void {
  const info = attribute(IFLA_LINKINFO, [attribute(IFLA_INFO_KIND, 'bridge')]);
  // An address that was given stays. One of the kernel's own choice follows the ports, and containers would send to one that is gone.
  const address = attribute(IFLA_ADDRESS, Buffer.concat([Buffer.from([0x02, 0x42]), randomBytes(4)]));
  const payload = Buffer.concat([interfaceHeader({ up: true }), attribute(IFLA_IFNAME, bridge.name), attribute(IFLA_MTU, bridge.mtu), address, info]);
  netlink.request({ type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, payload }, bridge.name);
  setAlias(netlink, bridge.name, bridge.alias);
}

function setAlias(netlink: NetlinkSocket, name: string, alias: string): void {
  netlink.request({ type: RTM_NEWLINK, payload: Buffer.concat([interfaceHeader(), attribute(IFLA_IFNAME, name), attribute(IFLA_IFALIAS, Buffer.from(alias))]) }, name);
}

/** `dummy` leads nowhere: the parent of a network that has none. */
export type SubLink = { kind: 'dummy'; parentIndex?: never } | { kind: 'macvlan'; mode: number; parentIndex: number } | { kind: 'ipvlan'; mode: number; parentIndex: number } | { kind: 'vlan'; id: number; parentIndex: number };

/**
 * A link on top of another: a macvlan or ipvlan interface for a container, or a VLAN of the parent's.
 * @param link.namespaceFd where it goes; this one's if absent
 * @throws an error with code `EOPNOTSUPP` when the kernel does not have that kind
 */
export function createSubLink(netlink: NetlinkSocket, link: { name: string; alias?: string; mac?: Buffer; mtu?: number; namespaceFd?: number } & SubLink): void {
  const payload = Buffer.concat([
    interfaceHeader({ up: link.namespaceFd === undefined }), attribute(IFLA_IFNAME, link.name), ...(link.parentIndex === undefined ? [] : [attribute(IFLA_LINK, link.parentIndex)]),
    ...(link.mac ? [attribute(IFLA_ADDRESS, link.mac)] : []), ...(link.mtu === undefined ? [] : [attribute(IFLA_MTU, link.mtu)]),
    ...(link.namespaceFd === undefined ? [] : [attribute(IFLA_NET_NS_FD, link.namespaceFd)]),
    attribute(IFLA_LINKINFO, [attribute(IFLA_INFO_KIND, link.kind), attribute(IFLA_INFO_DATA, subLinkData(link))]),
  ]);
  netlink.request({ type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, payload }, link.name);
  if (link.alias !== undefined) setAlias(netlink, link.name, link.alias);
}

function subLinkData(link: SubLink): Buffer[] {
  switch (link.kind) {
    case 'vlan': return [attribute(VLAN_ID, shortBytes(link.id))];
    case 'macvlan': return [attribute(MACVLAN_MODE, link.mode)];
    case 'ipvlan': return [attribute(IPVLAN_MODE, shortBytes(link.mode))];
    default: return [];
  }
}

function shortBytes(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

/** A pair of joined links: `host`, up, as a port of the bridge here, and `peer` in another namespace, still down (the kernel refuses it up before the pair is whole). */
export function createVeth(netlink: NetlinkSocket, veth: {
  host: string; bridgeIndex: number; mtu: number; peer: { name: string; mac: Buffer; namespaceFd: number };
}): void {
  const { peer } = veth;
  const peerInfo = attribute(VETH_INFO_PEER, [
    interfaceHeader(), attribute(IFLA_IFNAME, peer.name), attribute(IFLA_ADDRESS, peer.mac), attribute(IFLA_MTU, veth.mtu), attribute(IFLA_NET_NS_FD, peer.namespaceFd),
  ]);
  const info = attribute(IFLA_LINKINFO, [attribute(IFLA_INFO_KIND, 'veth'), attribute(IFLA_INFO_DATA, [peerInfo])]);
  const payload = Buffer.concat([
    interfaceHeader({ up: true }), attribute(IFLA_IFNAME, veth.host), attribute(IFLA_MTU, veth.mtu), attribute(IFLA_MASTER, veth.bridgeIndex), info,
  ]);
  netlink.request({ type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, payload }, veth.host);
}

/**
 * How a port of a bridge behaves. `hairpin`: it sends back what it has received, which is how a container reaches its own published port.
 * `isolated`: it reaches the bridge itself but no other port that is isolated too.
 */
export function setBridgePort(netlink: NetlinkSocket, name: string, port: { hairpin?: boolean; isolated?: boolean }): void {
  const modes = [
    ...(port.hairpin === undefined ? [] : [attribute(IFLA_BRPORT_MODE, Buffer.from([Number(port.hairpin)]))]),
    ...(port.isolated === undefined ? [] : [attribute(IFLA_BRPORT_ISOLATED, Buffer.from([Number(port.isolated)]))]),
  ];
  const info = attribute(IFLA_LINKINFO, [attribute(IFLA_INFO_SLAVE_KIND, 'bridge'), attribute(IFLA_INFO_SLAVE_DATA, modes)]);
  netlink.request({ type: RTM_NEWLINK, payload: Buffer.concat([interfaceHeader(), attribute(IFLA_IFNAME, name), info]) }, name);
}

export function setLinkUp(netlink: NetlinkSocket, index: number): void {
  netlink.request({ type: RTM_NEWLINK, payload: interfaceHeader({ index, up: true }) }, `link ${String(index)}`);
}

/** Idempotent. */
export function deleteLink(netlink: NetlinkSocket, name: string): void {
  try {
    netlink.request({ type: RTM_DELLINK, payload: Buffer.concat([interfaceHeader(), attribute(IFLA_IFNAME, name)]) }, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENODEV')) throw error;
  }
}

/**
 * An address of either family, 4 or 16 bytes. Of IPv6 without the second of waiting for somebody who has it already (duplicate address detection).
 * @throws an error with code `EEXIST` when the link has this address already
 */
export function addAddress(netlink: NetlinkSocket, address: { index: number; address: Buffer; broadcast?: Buffer; prefix: number }): void {
  const header = Buffer.alloc(8);
  header.writeUInt8(familyOf(address.address), 0);
  header.writeUInt8(address.prefix, 1);
  header.writeUInt8(familyOf(address.address) === AF_INET6 ? IFA_F_NODAD : 0, 2);
  header.writeUInt32LE(address.index, 4);
  const payload = Buffer.concat([
    header, attribute(IFA_LOCAL, address.address), attribute(IFA_ADDRESS, address.address), ...(address.broadcast ? [attribute(IFA_BROADCAST, address.broadcast)] : []),
  ]);
  netlink.request({ type: RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_EXCL, payload }, `address of link ${String(address.index)}`);
}

/** Takes an address away. Idempotent. */
export function deleteAddress(netlink: NetlinkSocket, address: { index: number; address: Buffer; prefix: number }): void {
  const header = Buffer.alloc(8);
  header.writeUInt8(familyOf(address.address), 0);
  header.writeUInt8(address.prefix, 1);
  header.writeUInt32LE(address.index, 4);
  ignoring(['EADDRNOTAVAIL', 'ENODEV'], () => netlink.request({ type: RTM_DELADDR, payload: Buffer.concat([header, attribute(IFA_LOCAL, address.address), attribute(IFA_ADDRESS, address.address)]) }, `address of link ${String(address.index)}`));
}

/** The addresses of a link, of both families, those of its own making (link-local) included. */
export function listAddresses(netlink: NetlinkSocket, index: number): { address: Buffer; prefix: number }[] {
  const found: { address: Buffer; prefix: number }[] = [];
  netlink.dump({ type: RTM_GETADDR, payload: Buffer.alloc(8) }, `addresses of link ${String(index)}`, (payload) => {
    if (payload.readUInt32LE(4) !== index) return;
    const attributes = attributesOf(payload.subarray(8));
    const address = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
    if (address) found.push({ address: Buffer.from(address), prefix: payload.readUInt8(1) });
  });
  return found;
}

/** @param route.gateway 4 or 16 bytes; absent: whoever is on the link answers. @throws an error with code `EEXIST` when there is one */
export function addDefaultRoute(netlink: NetlinkSocket, route: { index: number; gateway: Buffer } | { index: number; family: 4 | 6 }): void {
  const family = 'gateway' in route ? familyOf(route.gateway) : route.family === 4 ? AF_INET : AF_INET6;
  const payload = Buffer.concat([routeHeader(family, 'gateway' in route ? SCOPE_UNIVERSE : SCOPE_LINK), ...('gateway' in route ? [attribute(RTA_GATEWAY, route.gateway)] : []), attribute(RTA_OIF, route.index)]);
  netlink.request({ type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_EXCL, payload }, 'default route');
}

/** Takes the default route of a family away. Idempotent. */
export function deleteDefaultRoute(netlink: NetlinkSocket, family: 4 | 6): void {
  ignoring(['ESRCH'], () => netlink.request({ type: RTM_DELROUTE, payload: routeHeader(family === 4 ? AF_INET : AF_INET6, SCOPE_NOWHERE) }, 'default route'));
}

/** family, dst_len, src_len, tos, table main, protocol boot, scope, type unicast, flags */
function routeHeader(family: number, scope: number): Buffer {
  return Buffer.from([family, 0, 0, 0, 254, 3, scope, 1, 0, 0, 0, 0]);
}

function familyOf(address: Buffer): number {
  return address.length === 4 ? AF_INET : AF_INET6;
}

function ignoring(codes: readonly string[], work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code))) throw error;
  }
}
