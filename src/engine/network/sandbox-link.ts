import { addAddress, addDefaultRoute, deleteDefaultRoute, linkIndex, setLinkUp } from '../linux/link.ts';
import { type Cidr, ipBytes, parseCidr, parseIp } from './cidr.ts';
import type { Sandbox } from './network-driver.ts';
import type { EndpointRecord } from './network-record.ts';

/** Brings an interface up inside, with the addresses of its endpoint. */
export function configureLink(sandbox: Sandbox, endpoint: EndpointRecord): void {
  const index = linkIndex(sandbox.netlink, endpoint.interfaceName ?? '');
  setLinkUp(sandbox.netlink, index);
  if (endpoint.address !== undefined) addAddress(sandbox.netlink, { index, ...linkAddress(parseCidr(`${endpoint.address}/${String(endpoint.prefix ?? 32)}`)) });
  if (endpoint.address6 !== undefined) addAddress(sandbox.netlink, { index, ...linkAddress(parseCidr(`${endpoint.address6}/${String(endpoint.prefix6 ?? 128)}`)) });
}

/** An address as the kernel wants it. */
export function linkAddress({ family, address, broadcast, prefix }: Cidr): { address: Buffer; prefix: number; broadcast?: Buffer } {
  return { address: ipBytes({ family, value: address }), prefix, ...(family === 4 ? { broadcast: ipBytes({ family, value: broadcast }) } : {}) };
}

/** @param route undefined: from now on there is no way out. `onLink`: whoever is on the link answers for the world */
export function setDefaultRoute(sandbox: Sandbox, family: 4 | 6, route: { interfaceName: string; gateway: string } | { interfaceName: string; onLink: true } | undefined): void {
  deleteDefaultRoute(sandbox.netlink, family);
  if (!route) return;
  const index = linkIndex(sandbox.netlink, route.interfaceName);
  addDefaultRoute(sandbox.netlink, 'gateway' in route ? { index, gateway: ipBytes(parseIp(route.gateway)) } : { index, family });
}

/** Docker's scheme of old: 02:42 and the address, so that a container with the same address has the same MAC; of one without IPv4 the last of its IPv6 address. */
export function macOf({ address, address6 }: Pick<EndpointRecord, 'address' | 'address6'>): string {
  const bytes = ipBytes(parseIp(address ?? address6 ?? '0.0.0.0')).subarray(-4);
  return ['02', '42', ...[...bytes].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

export function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}
