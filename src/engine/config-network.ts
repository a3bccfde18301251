import { isIPv4, isIPv6 } from 'node:net';
import { InvalidArgumentError } from '../api/errors.ts';
import { contains, formatIp, overlaps, parseCidr, parseIp, widthOf } from './network/cidr.ts';

/** Keys of daemon.json about networks, checked. */
export interface NetworkConfig {
  /** Interface of the default bridge: one that is there (`bridge`); undefined: our own. */
  bridge: string | undefined;
  /** Containers of the default bridge get their addresses from here. */
  fixedCidr: string | undefined;
  fixedCidr6: string | undefined;
  defaultGateway: string | undefined;
  defaultGateway6: string | undefined;
  /** The default bridge has IPv6 too. */
  ipv6: boolean;
  /** Where ports of the default bridge's containers are published for which no address is given. */
  hostBinding: string;
  /** Containers of the default bridge reach each other. */
  interContainer: boolean;
  masquerade: boolean;
  /** Forwarding of packets is turned on where it is off. */
  forward: boolean;
  /** False: no firewall rules at all. */
  firewall: boolean;
  /** Published ports are relayed where they cannot be translated. */
  relay: boolean;
  /** Ranges that networks are cut out of; undefined: Docker's. */
  addressPools: readonly { base: string; size: number }[] | undefined;
}

export const NETWORK_OPTIONS = [
  { key: 'bridge', kind: 'string', flag: 'bridge' }, { key: 'fixed-cidr', kind: 'string', flag: 'fixed-cidr' }, { key: 'fixed-cidr-v6', kind: 'string', flag: 'fixed-cidr-v6' },
  { key: 'default-gateway', kind: 'string', flag: 'default-gateway' }, { key: 'default-gateway-v6', kind: 'string', flag: 'default-gateway-v6' },
  { key: 'ip', kind: 'string', flag: 'ip' }, { key: 'ipv6', kind: 'boolean', flag: 'ipv6' }, { key: 'icc', kind: 'boolean', flag: 'icc' }, { key: 'ip-masq', kind: 'boolean', flag: 'ip-masq' },
  { key: 'ip-forward', kind: 'boolean', flag: 'ip-forward' }, { key: 'iptables', kind: 'boolean', flag: 'iptables' }, { key: 'userland-proxy', kind: 'boolean', flag: 'userland-proxy' },
  { key: 'default-address-pools', kind: 'pools', flag: 'default-address-pool' },
] as const;

/** @throws InvalidArgumentError that names the key */
export function parseNetworkConfig(values: ReadonlyMap<string, unknown>, bip: string | undefined): NetworkConfig {
  const text = (key: string): string | undefined => {
    const value = values.get(key);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const isOn = (key: string): boolean => values.get(key) !== false;
  const ipv6 = values.get('ipv6') === true;
  const fixedCidr6 = cidr(text, 'fixed-cidr-v6', 6);
  if (fixedCidr6 !== undefined && !ipv6) throw new InvalidArgumentError('invalid fixed-cidr-v6: IPv6 is not enabled for the default bridge: set ipv6 to true');
  const bridge = text('bridge');
  if (bridge === 'none') throw new InvalidArgumentError('invalid bridge "none": Strata always has a default bridge; containers can do without with --network none');
  if (bridge !== undefined && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,14}$/.test(bridge)) throw new InvalidArgumentError(`invalid bridge ${JSON.stringify(bridge)}: no name of an interface`);
  const hostBinding = text('ip') ?? '0.0.0.0';
  if (!isIPv4(hostBinding)) throw new InvalidArgumentError(`invalid ip ${JSON.stringify(hostBinding)}: must be an address of IPv4`);
  return {
    bridge, ipv6, hostBinding, fixedCidr6, fixedCidr: fixedWithin(cidr(text, 'fixed-cidr', 4), bip), interContainer: isOn('icc'), masquerade: isOn('ip-masq'), forward: isOn('ip-forward'),
    firewall: isOn('iptables'), relay: isOn('userland-proxy'), addressPools: parsePools(values.get('default-address-pools')),
    defaultGateway: gateway(text, 'default-gateway', 4, bip), defaultGateway6: gateway(text, 'default-gateway-v6', 6, fixedCidr6),
  };
}

function cidr(text: (key: string) => string | undefined, key: string, family: 4 | 6): string | undefined {
  const value = text(key);
  if (value === undefined) return undefined;
  if (tryCidr(value)?.family !== family) throw new InvalidArgumentError(`invalid ${key} ${JSON.stringify(value)}: must be a subnet of IPv${String(family)}`);
  return value;
}

function fixedWithin(fixed: string | undefined, bip: string | undefined): string | undefined {
  if (fixed === undefined || bip === undefined) return fixed;
  const [inner, outer] = [parseCidr(fixed), parseCidr(bip)];
  if (inner.prefix < outer.prefix || !overlaps(inner, outer)) throw new InvalidArgumentError(`invalid fixed-cidr ${JSON.stringify(fixed)}: must be a part of the bridge's subnet ${bip}`);
  return fixed;
}

function gateway(text: (key: string) => string | undefined, key: string, family: 4 | 6, subnet: string | undefined): string | undefined {
  const value = text(key);
  if (value === undefined) return undefined;
  if (!(family === 4 ? isIPv4(value) : isIPv6(value))) throw new InvalidArgumentError(`invalid ${key} ${JSON.stringify(value)}: must be an address of IPv${String(family)}`);
  if (subnet !== undefined && !contains(parseCidr(subnet), parseIp(value))) throw new InvalidArgumentError(`invalid ${key} ${JSON.stringify(value)}: must be in the bridge's subnet ${subnet}`);
  return formatIp(parseIp(value));
}

/** From the file `[{"base": "10.0.0.0/8", "size": 24}]`, as a flag `base=10.0.0.0/8,size=24`. */
function parsePools(value: unknown): NetworkConfig['addressPools'] {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.map((pool: unknown) => {
    const { base, size } = typeof pool === 'string' ? flagPool(pool) : filePool(pool);
    const parsed = tryCidr(base);
    if (!parsed) throw new InvalidArgumentError(`invalid default-address-pools: ${JSON.stringify(base)} is no subnet`);
    if (!Number.isInteger(size) || size < parsed.prefix || size > widthOf(parsed.family)) throw new InvalidArgumentError(`invalid default-address-pools: size ${String(size)} of ${base}: must be from ${String(parsed.prefix)} to ${String(widthOf(parsed.family))}`);
    return { base, size };
  });
}

function flagPool(text: string): { base: string; size: number } {
  const fields = new Map(text.split(',').map((field): [string, string] => [field.split('=', 1)[0] ?? '', field.slice(field.indexOf('=') + 1)]));
  return { base: fields.get('base') ?? '', size: Number(fields.get('size')) };
}

function filePool(pool: unknown): { base: string; size: number } {
  const fields = new Map<string, unknown>(typeof pool === 'object' && pool !== null ? Object.entries(pool) : []);
  const [base, size] = [fields.get('base'), fields.get('size')];
  return { base: typeof base === 'string' ? base : '', size: typeof size === 'number' ? size : Number.NaN };
}

function tryCidr(text: string): ReturnType<typeof parseCidr> | undefined {
  try {
    return parseCidr(text);
  } catch {
    return undefined;
  }
}
