import { isIP } from 'node:net';
import { InvalidArgumentError } from '../../api/errors.ts';
import { contains, formatNetwork, overlaps, parseCidr, parseIp, type Cidr } from './cidr.ts';

/** One entry of `IPAM.Config` as a client gives it. */
export interface WantedPool {
  subnet: string;
  range?: string;
  gateway?: string;
  auxiliary?: Readonly<Record<string, string>>;
}

/**
 * Checks what a client asks of a network's addresses; several faults are told together, in dockerd's words. Subnets of IPv6 in a network without it are passed
 * over. Pure.
 * @throws InvalidArgumentError
 */
export function checkPools(pools: readonly WantedPool[], enableIpv6: boolean): void {
  const faults = pools.flatMap((pool) => poolFaults(pool, enableIpv6));
  if (faults.length > 0) throw new InvalidArgumentError(`invalid network config:\n${faults.join('\n')}`);
}

function poolFaults(pool: WantedPool, enableIpv6: boolean): string[] {
  const subnet = tryCidr(pool.subnet);
  if (!subnet) return [`invalid subnet ${pool.subnet}: invalid CIDR block notation`];
  if (subnet.family === 6 && !enableIpv6) return [];
  return [
    ...(subnet.address === subnet.network ? [] : [`invalid subnet ${pool.subnet}: it should be ${formatNetwork(subnet)}`]),
    ...(pool.range ? rangeFaults(pool.range, subnet, pool.subnet) : []),
    ...addressFault(`invalid gateway ${pool.gateway ?? ''}`, pool.gateway, subnet, pool.subnet),
    ...Object.entries(pool.auxiliary ?? {}).flatMap(([name, address]) => addressFault(`invalid auxiliary address ${name}`, address, subnet, pool.subnet)),
  ];
}

function rangeFaults(text: string, subnet: Cidr, subnetText: string): string[] {
  const range = tryCidr(text);
  if (!range) return [`invalid ip-range ${text}: invalid CIDR block notation`];
  if (range.family !== subnet.family) return [`invalid ip-range ${text}: parent subnet is an IPv${String(subnet.family)} block`];
  return [
    ...(range.prefix < subnet.prefix ? [`invalid ip-range ${text}: CIDR block is bigger than its parent subnet ${subnetText}`] : []),
    ...(range.address === range.network ? [] : [`invalid ip-range ${text}: it should be ${formatNetwork(range)}`]),
    ...(overlaps(range, subnet) ? [] : [`invalid ip-range ${text}: parent subnet ${subnetText} doesn't contain ip-range`]),
  ];
}

function addressFault(what: string, text: string | undefined, subnet: Cidr, subnetText: string): string[] {
  if (text === undefined || text === '') return [];
  if (isIP(text) === 0 || text.includes('%')) return [`${what}: invalid address`];
  const address = parseIp(text);
  if (address.family !== subnet.family) return [`${what}: parent subnet is an IPv${String(subnet.family)} block`];
  return contains(subnet, address) ? [] : [`${what}: parent subnet ${subnetText} doesn't contain this address`];
}

function tryCidr(text: string): Cidr | undefined {
  try {
    return parseCidr(text);
  } catch {
    return undefined;
  }
}
