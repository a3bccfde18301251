import { attribute, attributesOf, NLM_F_CREATE, NLM_F_EXCL, type NetlinkSocket } from './netlink.ts';

/** Links, addresses and routes: each function is one request. Numbers are those of linux/rtnetlink.h and linux/if_link.h. */
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_NEWROUTE = 24;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_NET_NS_FD = 28;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_INFO_SLAVE_DATA = 5;
const IFLA_BRPORT_MODE = 4;
const VETH_INFO_PEER = 1;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const IFF_UP = 1;
const AF_INET = 2;

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
}

/** A link by name; undefined when there is none. */
export function findLink(netlink: NetlinkSocket, name: string): Link | undefined {
  try {
    const answer = netlink.request({ type: RTM_GETLINK, payload: Buffer.concat([interfaceHeader(), attribute(IFLA_IFNAME, name)]) }, name);
    if (!answer) return undefined;
    const alias = attributesOf(answer.payload.subarray(16)).get(IFLA_IFALIAS);
    return { index: answer.payload.readInt32LE(4), alias: alias?.toString('utf8').replace(/\0+$/, '') ?? '' };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENODEV') return undefined;
    throw error;
  }
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
  const payload = Buffer.concat([interfaceHeader({ up: true }), attribute(IFLA_IFNAME, bridge.name), attribute(IFLA_MTU, bridge.mtu), info]);
  netlink.request({ type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, payload }, bridge.name);
  netlink.request({ type: RTM_NEWLINK, payload: Buffer.concat([interfaceHeader(), attribute(IFLA_IFNAME, bridge.name), attribute(IFLA_IFALIAS, Buffer.from(bridge.alias))]) }, bridge.name);
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

/** Lets a port of a bridge send back what it has received: a container reaches its own published port that way. */
export function setHairpin(netlink: NetlinkSocket, name: string): void {
  const mode = attribute(IFLA_BRPORT_MODE, Buffer.from([1]));
  const info = attribute(IFLA_LINKINFO, [attribute(IFLA_INFO_SLAVE_KIND, 'bridge'), attribute(IFLA_INFO_SLAVE_DATA, [mode])]);
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

/** @throws an error with code `EEXIST` when the link has this address already */
export function addAddress(netlink: NetlinkSocket, address: { index: number; address: number; broadcast: number; prefix: number }): void {
  const header = Buffer.alloc(8);
  header.writeUInt8(AF_INET, 0);
  header.writeUInt8(address.prefix, 1);
  header.writeUInt32LE(address.index, 4);
  const own = ipv4Bytes(address.address);
  const payload = Buffer.concat([header, attribute(IFA_LOCAL, own), attribute(IFA_ADDRESS, own), attribute(IFA_BROADCAST, ipv4Bytes(address.broadcast))]);
  netlink.request({ type: RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_EXCL, payload }, `address of link ${String(address.index)}`);
}

export function addDefaultRoute(netlink: NetlinkSocket, route: { index: number; gateway: number }): void {
  // family, dst_len, src_len, tos, table main, protocol boot, scope universe, type unicast, flags
  const header = Buffer.from([AF_INET, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0]);
  const payload = Buffer.concat([header, attribute(RTA_GATEWAY, ipv4Bytes(route.gateway)), attribute(RTA_OIF, route.index)]);
  netlink.request({ type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_EXCL, payload }, 'default route');
}

function ipv4Bytes(address: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(address);
  return bytes;
}
