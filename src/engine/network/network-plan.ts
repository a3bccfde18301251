import { ConflictError, InvalidArgumentError, NotFoundError, PermissionDeniedError } from '../../api/errors.ts';
import { parseBridgeOptions } from './bridge-options.ts';
import { type AddressPool, chooseSubnet } from './choose-subnet.ts';
import { type Cidr, formatIp, overlaps, parseCidr, parseIp, type Family } from './cidr.ts';
import type { HostRoute } from './host-routes.ts';
import { checkPools, type WantedPool } from './ipam-checks.ts';
import { parseLinkOptions } from './link-options.ts';
import type { NetworkRecord, PoolRecord } from './network-record.ts';

export interface CreateNetworkRequest {
  name: string;
  driver: string;
  internal: boolean;
  attachable: boolean;
  labels: Readonly<Record<string, string>>;
  options: Readonly<Record<string, string>>;
  enableIpv4: boolean;
  enableIpv6: boolean;
  ipam: { driver: string; options: Readonly<Record<string, string>> | null; pools: readonly WantedPool[] };
}

/** What a new network has to fit into. */
export interface Surroundings {
  networks: readonly NetworkRecord[];
  routes: readonly HostRoute[];
  addressPools: readonly AddressPool[] | undefined;
  mtu: number;
  hasInterface: (name: string) => boolean;
}

export const DEFAULT_NAMES: readonly string[] = ['bridge', 'host', 'none'];

/** Checks everything, and chooses what is left open. Pure but for what is chosen. @throws in dockerd's words, where it has any */
export function planNetwork(id: string, request: CreateNetworkRequest, around: Surroundings): { network: NetworkRecord; warning: string } {
  const { name } = request;
  if (DEFAULT_NAMES.includes(name)) throw new PermissionDeniedError(`operation is not permitted on predefined ${name} network `);
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) throw new InvalidArgumentError(`invalid network name ${JSON.stringify(name)}: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  const driver = checkDriver(request.driver);
  if (!['', 'default'].includes(request.ipam.driver)) throw new NotFoundError(`plugin "${request.ipam.driver}" not found`);
  if (!request.enableIpv4 && !request.enableIpv6) throw new InvalidArgumentError('IPv4 or IPv6 must be enabled');
  checkPools(request.ipam.pools, request.enableIpv6);
  if (around.networks.some((network) => network.name === name)) throw new ConflictError(`network with name ${name} already exists`);
  const { pools, warning } = planPools(request, around);
  if (driver === 'bridge' && [4, 6].some((family) => pools.filter(({ subnet }) => parseCidr(subnet).family === family).length > 1)) throw new PermissionDeniedError("bridge driver doesn't support multiple subnets");
  const network: NetworkRecord = {
    id, name, driver, createdAt: Date.now(), internal: request.internal, attachable: request.attachable, labels: request.labels, options: request.options,
    enableIpv4: request.enableIpv4, enableIpv6: request.enableIpv6, ipamOptions: request.ipam.options, pools,
    ...(driver === 'bridge' ? { bridge: planBridge(id, request.options, around) } : {}),
  };
  if (driver !== 'bridge') parseLinkOptions(driver, request.options, around.hasInterface);
  return { network, warning };
}

function checkDriver(driver: string): 'bridge' | 'macvlan' | 'ipvlan' {
  if (driver === 'bridge' || driver === 'macvlan' || driver === 'ipvlan') return driver;
  if (driver === 'host' || driver === 'null') throw new PermissionDeniedError(`only one instance of "${driver}" network is allowed`);
  throw new NotFoundError(`plugin "${driver}" not found`);
}

function planBridge(id: string, options: Readonly<Record<string, string>>, around: Surroundings): { interfaceName: string; mtu: number } {
  const { bridgeName, mtu } = parseBridgeOptions(options);
  const interfaceName = bridgeName ?? `br-${id.slice(0, 12)}`;
  const other = around.networks.find(({ bridge }) => bridge?.interfaceName === interfaceName);
  if (other) throw new PermissionDeniedError(`cannot create network ${id} (${interfaceName}): conflicts with network ${other.id} (${interfaceName}): networks have same bridge name`);
  return { interfaceName, mtu: mtu ?? around.mtu };
}

function planPools(request: CreateNetworkRequest, around: Surroundings): { pools: PoolRecord[]; warning: string } {
  const taken = around.networks.flatMap((network) => network.pools.map(({ subnet }) => parseCidr(subnet)));
  const pools: PoolRecord[] = [];
  const warnings: string[] = [];
  for (const family of enabledFamilies(request)) {
    const wanted = request.ipam.pools.filter(({ subnet }) => parseCidr(subnet).family === family);
    for (const pool of wanted) {
      const cidr = parseCidr(pool.subnet);
      if (taken.some((other) => overlaps(other, cidr))) throw new PermissionDeniedError('invalid pool request: Pool overlaps with other one on this address space');
      taken.push(cidr);
      warnings.push(...clashWarning(cidr, pool.subnet, taken, around));
      pools.push(completePool(pool, request.driver === 'bridge' || !request.internal));
    }
    if (wanted.length === 0) pools.push({ ...completePool({ subnet: chooseSubnet([...taken, ...around.routes], family, around.addressPools) }, true), chosen: true });
  }
  return { pools, warning: warnings.join('; ') };
}

function enabledFamilies({ enableIpv4, enableIpv6 }: CreateNetworkRequest): Family[] {
  return [...(enableIpv4 ? [4 as const] : []), ...(enableIpv6 ? [6 as const] : [])];
}

/** A subnet that is asked for is taken even where the machine has a way to it already, but not silently. */
function clashWarning(cidr: Cidr, text: string, taken: readonly Cidr[], around: Surroundings): string[] {
  const route = around.routes.find((candidate) => overlaps(candidate, cidr));
  if (!route) return [];
  return [`the subnet ${text} overlaps with a route of this machine through ${route.interfaceName}, which containers and the machine itself may lose; a free one is ${chooseSubnet([...taken, ...around.routes], cidr.family, around.addressPools)}`];
}

/** The gateway is the first address of what is given out, unless somebody says otherwise. */
function completePool(wanted: WantedPool, hasGateway: boolean): PoolRecord {
  const subnet = parseCidr(wanted.subnet);
  const range = wanted.range ? parseCidr(wanted.range) : subnet;
  const first = range.network === subnet.network ? subnet.network + 1n : range.network;
  const given = wanted.gateway === undefined || wanted.gateway === '' ? undefined : formatIp(parseIp(wanted.gateway));
  const gateway = given ?? (hasGateway ? formatIp({ family: subnet.family, value: first }) : undefined);
  const auxiliary = Object.entries(wanted.auxiliary ?? {}).map(([name, address]): [string, string] => [name, formatIp(parseIp(address))]);
  const seen = new Set(gateway === undefined ? [] : [gateway]);
  for (const [name, address] of auxiliary) {
    if (seen.has(address)) throw new PermissionDeniedError(`failed to allocate secondary ip address (${name}:${address}): Address already in use`);
    seen.add(address);
  }
  return {
    subnet: wanted.subnet, ...(wanted.range ? { range: wanted.range } : {}), ...(gateway === undefined ? {} : { gateway }),
    ...(auxiliary.length > 0 ? { auxiliary: Object.fromEntries(auxiliary) } : {}),
  };
}
