import { randomBytes } from 'node:crypto';
import { NotFoundError } from '../../api/errors.ts';
import { type Cidr, formatNetwork, overlaps, parseCidr, widthOf, type Family } from './cidr.ts';

/** A range of addresses that networks are cut out of (`default-address-pools`). */
export interface AddressPool {
  /** `172.17.0.0/12` */
  base: string;
  /** Prefix length of each network. */
  size: number;
}

/** Docker's: 172.17 to 172.31 as /16, then 192.168 as /20. */
const DEFAULT_POOLS: readonly AddressPool[] = [
  ...[17, 18, 19].map((second) => ({ base: `172.${String(second)}.0.0/16`, size: 16 })), ...[20, 24, 28].map((second) => ({ base: `172.${String(second)}.0.0/14`, size: 16 })),
  { base: '192.168.0.0/16', size: 20 },
];

/**
 * The first subnet of the pools that touches nothing in use: `172.17.0.0/16`. Where no pool is of IPv6, one that is made up for this network
 * alone (RFC 4193).
 * @throws NotFoundError when all clash, as dockerd
 */
export function chooseSubnet(used: readonly Cidr[], family: Family = 4, pools: readonly AddressPool[] = DEFAULT_POOLS): string {
  const own = pools.map(({ base, size }) => ({ base: parseCidr(base), size })).filter(({ base }) => base.family === family);
  if (family === 6 && own.length === 0) return uniqueLocal();
  for (const { base, size } of own) {
    const found = firstFree(base, size, used.filter((cidr) => cidr.family === family));
    if (found) return formatNetwork(found);
  }
  throw new NotFoundError(`could not find an available, non-overlapping IPv${String(family)} address pool among the defaults to assign to the network: every one clashes with a network or a route of this machine`);
}

/** Jumps over whatever it meets, so that a large pool takes no longer than there are clashes. */
function firstFree(base: Cidr, size: number, used: readonly Cidr[]): Cidr | undefined {
  const step = 1n << BigInt(widthOf(base.family) - size);
  for (let network = base.network; network <= base.broadcast;) {
    const candidate: Cidr = { family: base.family, address: network, network, broadcast: network + step - 1n, prefix: size };
    const clash = used.find((cidr) => overlaps(cidr, candidate));
    if (!clash) return candidate;
    const after = ((clash.broadcast + step) / step) * step;
    network = after > network ? after : network + step;
  }
  return undefined;
}

function uniqueLocal(): string {
  const groups = randomBytes(6).toString('hex').match(/.{4}/g) ?? [];
  const [first = '', second = '', third = ''] = groups;
  return formatNetwork(parseCidr(`fd${first.slice(2)}:${second}:${third}::/64`));
}
