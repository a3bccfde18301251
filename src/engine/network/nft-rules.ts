import type { PublishedPort } from './network-record.ts';

/**
 * Strata's own table. The chains are written once; a network is some set elements and a published port is one map element, so the
 * cost of either does not grow with what is there already. Other tables are never touched. Pure: text for nft(8).
 */
export interface RuleNetwork {
  interfaceName: string;
  /** `172.17.0.0/16` */
  subnet: string;
  internal: boolean;
}

export interface RulePort extends PublishedPort {
  containerAddress: string;
}

/** Everything at once, replacing what was there: after a start of the engine, or a flush by somebody else. */
export function wholeTable(table: string, networks: readonly RuleNetwork[], ports: readonly RulePort[]): string {
  return [
    `table ip ${table} {}`, `delete table ip ${table}`, baseTable(table),
    ...networks.map((network) => addNetwork(table, network)), ...(ports.length > 0 ? [addPorts(table, ports)] : []),
  ].join('\n');
}

function baseTable(table: string): string {
  return `table ip ${table} {
  set bridges { type ifname; }
  set internal { type ifname; }
  set within { type ifname . ifname; }
  set subnets { type ipv4_addr; flags interval; }
  set reachable { type ifname . ipv4_addr; flags interval; }
  map published { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map published_at { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
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
    dnat ip to ip daddr . meta l4proto . th dport map @published_at
    dnat ip to meta l4proto . th dport map @published
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname . oifname @within accept
    iifname @internal drop
    oifname @internal drop
    oifname != @bridges accept
    ct state established,related accept
    ct status dnat accept
    drop
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    oifname != @bridges ip saddr @subnets masquerade
    oifname @bridges ip saddr 127.0.0.0/8 masquerade
    oifname . ip saddr @reachable ct status dnat masquerade
  }
}`;
}

export function addNetwork(table: string, network: RuleNetwork): string {
  return networkElements('add', table, network);
}

export function deleteNetwork(table: string, network: RuleNetwork): string {
  return networkElements('delete', table, network);
}

function networkElements(verb: 'add' | 'delete', table: string, { interfaceName, subnet, internal }: RuleNetwork): string {
  const element = (set: string, value: string): string => `${verb} element ip ${table} ${set} { ${value} }`;
  return [
    element('bridges', `"${interfaceName}"`), element('within', `"${interfaceName}" . "${interfaceName}"`),
    ...(internal ? [element('internal', `"${interfaceName}"`)] : [element('subnets', subnet), element('reachable', `"${interfaceName}" . ${subnet}`)]),
  ].join('\n');
}

export function addPorts(table: string, ports: readonly RulePort[]): string {
  return ports.map((port) => `add element ip ${table} ${portElement(port, ` : ${port.containerAddress} . ${String(port.containerPort)}`)}`).join('\n');
}

export function deletePorts(table: string, ports: readonly RulePort[]): string {
  return ports.map((port) => `delete element ip ${table} ${portElement(port, '')}`).join('\n');
}

function portElement(port: RulePort, target: string): string {
  const key = `${port.protocol} . ${String(port.hostPort)}`;
  return port.hostAddress === '0.0.0.0' ? `published { ${key}${target} }` : `published_at { ${port.hostAddress} . ${key}${target} }`;
}
