import type { Logger } from '../../base/log.ts';
import { type AddressPool, chooseSubnet } from './choose-subnet.ts';
import { type Cidr, formatIp, formatNetwork, overlaps, parseCidr, parseIp } from './cidr.ts';
import { readHostRoutes, type HostRoute } from './host-routes.ts';
import type { NetworkRecord, PoolRecord } from './network-record.ts';

/** What daemon.json says of the default bridge, checked. */
export interface DefaultBridgeConfig {
  interfaceName: string;
  /** `172.17.0.1/16`; undefined: a free one is chosen. */
  bip: string | undefined;
  /** Containers get their addresses from here. */
  fixedCidr: string | undefined;
  /** Its subnet of IPv6. */
  fixedCidr6: string | undefined;
  enableIpv6: boolean;
  mtu: number;
  interContainer: boolean;
  masquerade: boolean;
  /** Where ports are published for which no address is given. */
  hostBinding: string;
  /** Instead of the bridge's own address. */
  defaultGateway: string | undefined;
  defaultGateway6: string | undefined;
  addressPools: readonly AddressPool[] | undefined;
}

type Described = Pick<NetworkRecord, 'pools' | 'options' | 'enableIpv4' | 'enableIpv6' | 'bridge'>;

/** dockerd's name of an address that containers use as their gateway. */
const GATEWAY4 = 'DefaultGatewayIPv4';
const GATEWAY6 = 'DefaultGatewayIPv6';

/**
 * The default bridge as it is to be. Its address stays what it was unless `bip` says otherwise or something else on this machine has come to have a route
 * there; a range that somebody has a route to is not taken, and a `bip` that clashes is obeyed with a warning that proposes another.
 * @param present the record of an earlier start
 */
export function describeDefaultBridge(config: DefaultBridgeConfig, present: NetworkRecord | undefined, others: readonly NetworkRecord[], log: Logger): Described {
  const routes = readHostRoutes().filter(({ interfaceName }) => interfaceName !== config.interfaceName);
  const taken = [...routes, ...others.flatMap(({ pools }) => pools.map(({ subnet }) => parseCidr(subnet)))];
  return {
    enableIpv4: true, enableIpv6: config.enableIpv6, bridge: { interfaceName: config.interfaceName, mtu: config.mtu },
    pools: [ipv4Pool(config, present, { routes, taken }, log), ...(config.enableIpv6 ? [ipv6Pool(config, present, taken)] : [])],
    options: {
      'com.docker.network.bridge.default_bridge': 'true', 'com.docker.network.bridge.enable_icc': String(config.interContainer),
      'com.docker.network.bridge.enable_ip_masquerade': String(config.masquerade), 'com.docker.network.bridge.host_binding_ipv4': config.hostBinding,
      'com.docker.network.bridge.name': config.interfaceName, 'com.docker.network.driver.mtu': String(config.mtu),
    },
  };
}

function ipv4Pool(config: DefaultBridgeConfig, present: NetworkRecord | undefined, around: { routes: readonly HostRoute[]; taken: readonly Cidr[] }, log: Logger): PoolRecord {
  const address = config.bip ?? (config.fixedCidr === undefined ? chooseAddress(config, present, around, log) : firstOf(formatNetwork(parseCidr(config.fixedCidr))));
  const cidr = parseCidr(address);
  const clash = config.bip === undefined && config.fixedCidr === undefined ? undefined : around.routes.find((route) => overlaps(route, cidr));
  if (clash) {
    const free = chooseSubnet(around.taken, 4, config.addressPools);
    log.warn('address range is in use on this machine', { wanted: address, interface: clash.interfaceName, route: formatNetwork(clash), remedy: `choose another, for example --bip ${firstOf(free)}` });
  }
  return {
    subnet: formatNetwork(cidr), gateway: formatIp({ family: 4, value: cidr.address }), ...(config.fixedCidr === undefined ? {} : { range: config.fixedCidr }),
    ...(config.defaultGateway === undefined ? {} : { auxiliary: { [GATEWAY4]: config.defaultGateway } }),
  };
}

function chooseAddress(config: DefaultBridgeConfig, present: NetworkRecord | undefined, { routes, taken }: { routes: readonly HostRoute[]; taken: readonly Cidr[] }, log: Logger): string {
  const earlier = present?.pools.find(({ subnet }) => !subnet.includes(':'));
  const wanted = earlier ? `${earlier.gateway ?? ''}/${String(parseCidr(earlier.subnet).prefix)}` : firstOf(chooseSubnet([], 4, config.addressPools));
  const clash = taken.find((cidr) => overlaps(cidr, parseCidr(wanted)));
  if (!clash) return wanted;
  const chosen = firstOf(chooseSubnet(taken, 4, config.addressPools));
  const route = routes.find((candidate) => overlaps(candidate, parseCidr(wanted)));
  log.warn('address range is in use on this machine', { wanted, interface: route?.interfaceName, route: formatNetwork(clash), chosen });
  return chosen;
}

function ipv6Pool(config: DefaultBridgeConfig, present: NetworkRecord | undefined, taken: readonly Cidr[]): PoolRecord {
  const earlier = present?.pools.find(({ subnet }) => subnet.includes(':'))?.subnet;
  const subnet = config.fixedCidr6 ?? earlier ?? chooseSubnet(taken, 6, config.addressPools);
  return {
    subnet: formatNetwork(parseCidr(subnet)), gateway: firstOf(subnet).split('/')[0] ?? '',
    ...(config.defaultGateway6 === undefined ? {} : { auxiliary: { [GATEWAY6]: config.defaultGateway6 } }),
  };
}

/** `172.17.0.1/16` of `172.17.0.0/16`. */
function firstOf(subnet: string): string {
  const cidr = parseCidr(subnet);
  return `${formatIp({ family: cidr.family, value: cidr.network + 1n })}/${String(cidr.prefix)}`;
}

/** Which gateway a pool gives its containers. */
export function containerGateway({ subnet, gateway, auxiliary }: PoolRecord): string | undefined {
  const other = auxiliary?.[subnet.includes(':') ? GATEWAY6 : GATEWAY4];
  return other === undefined ? gateway : formatIp(parseIp(other));
}
