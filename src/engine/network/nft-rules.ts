import { parseCidr } from './cidr.ts';
import { declareSets, elementCommands, type Element } from './firewall-sets.ts';
import type { PublishedPort } from './network-record.ts';

/**
 * Strata's own table, of both families of addresses. The chains are written once; a network is some set elements and a published port is one
 * map element. Other tables are never touched. Pure: what is to be there, and text for nft(8).
 */
export interface RuleNetwork {
  interfaceName: string;
  /** `172.17.0.0/16`, `fd00::/64` */
  subnets: readonly RuleSubnet[];
  internal: boolean;
  /** Containers reach each other. */
  interContainer: boolean;
}

export interface RuleSubnet {
  subnet: string;
  /** Who leaves it towards another network gets this machine's address. */
  masquerade: boolean;
  /** Containers are reached from outside at every port, not only at published ones. */
  open: boolean;
}

export interface RulePort extends PublishedPort {
  /** Of the container, in the family of `hostAddress`. */
  containerAddress: string;
  /** No translation: the container's own address is let in at its own port. */
  routed: boolean;
}

/** Everything at once, replacing what was there: after a start of the engine, or a flush by somebody else. */
export function wholeTable(table: string, elements: readonly Element[]): string {
  return [`table inet ${table} {}`, `delete table inet ${table}`, baseTable(table), ...elementCommands(table, elements)].join('\n');
}

function baseTable(table: string): string {
  return `table inet ${table} {
${declareSets().join('\n')}
  chain guard {
    type filter hook prerouting priority -300; policy accept;
    iifname @bridges ip daddr 127.0.0.0/8 drop
  }
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
    fib daddr type local jump publish
  }
  chain output {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump publish
  }
  chain publish {
    meta nfproto ipv6 goto publish6
    dnat ip to ip daddr . meta l4proto . th dport map @published_at4
    dnat ip to meta l4proto . th dport map @published4
  }
  chain publish6 {
    ip6 daddr { ::1, fe80::/10 } return
    dnat ip6 to ip6 daddr . meta l4proto . th dport map @published_at6
    dnat ip6 to meta l4proto . th dport map @published6
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname . oifname @within accept
    iifname @internal drop
    oifname @internal drop
    oifname != @bridges accept
    ct state established,related accept
    ct status dnat accept
    iifname != @bridges goto inward
    drop
  }
  chain inward {
    oifname @open accept
    ip daddr . meta l4proto . th dport @routed4 accept
    ip6 daddr . meta l4proto . th dport @routed6 accept
    drop
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    oifname @bridges jump inwards
    oifname != @bridges ip saddr @subnets4 masquerade
    oifname != @bridges ip6 saddr @subnets6 masquerade
  }
  chain inwards {
    ip saddr 127.0.0.0/8 masquerade
    oifname . ip saddr @reachable4 ct status dnat masquerade
    oifname . ip6 saddr @reachable6 ct status dnat masquerade
  }
}`;
}

export function networkElements({ interfaceName, subnets, internal, interContainer }: RuleNetwork): Element[] {
  return [
    { set: 'bridges', key: [interfaceName] },
    ...(interContainer ? [{ set: 'within' as const, key: [interfaceName, interfaceName] }] : []),
    ...(internal ? [{ set: 'internal' as const, key: [interfaceName] }] : subnets.flatMap((subnet) => subnetElements(interfaceName, subnet))),
    ...(!internal && subnets.some(({ open }) => open) ? [{ set: 'open' as const, key: [interfaceName] }] : []),
  ];
}

function subnetElements(interfaceName: string, { subnet, masquerade }: RuleSubnet): Element[] {
  const is4 = parseCidr(subnet).family === 4;
  return [
    ...(masquerade ? [{ set: is4 ? 'subnets4' as const : 'subnets6' as const, key: [subnet] }] : []),
    { set: is4 ? 'reachable4' : 'reachable6', key: [interfaceName, subnet] },
  ];
}

export function portElement(port: RulePort): Element {
  const { protocol, hostAddress, hostPort, containerPort, containerAddress } = port;
  const is6 = hostAddress.includes(':');
  if (port.routed) return { set: is6 ? 'routed6' : 'routed4', key: [containerAddress, protocol, String(containerPort)] };
  const key = [protocol, String(hostPort)];
  const data = [containerAddress, String(containerPort)];
  if (hostAddress === '0.0.0.0' || hostAddress === '::') return { set: is6 ? 'published6' : 'published4', key, data };
  return { set: is6 ? 'published_at6' : 'published_at4', key: [hostAddress, ...key], data };
}
