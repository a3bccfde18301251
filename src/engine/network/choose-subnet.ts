import { UnavailableError } from '../../api/errors.ts';
import { type Cidr, overlaps, parseCidr } from './cidr.ts';

/** Docker's default pools: 172.17 to 172.31 as /16, then 192.168 as /20. */
const CANDIDATES: readonly string[] = [
  ...Array.from({ length: 15 }, (_, index) => `172.${String(17 + index)}.0.1/16`),
  ...Array.from({ length: 16 }, (_, index) => `192.168.${String(index * 16)}.1/20`),
];

/**
 * The first pool that touches nothing in use, as the address of its bridge (`172.17.0.1/16`).
 * @throws UnavailableError when all clash
 */
export function chooseSubnet(used: readonly Cidr[]): string {
  const free = CANDIDATES.find((candidate) => !used.some((cidr) => overlaps(cidr, parseCidr(candidate))));
  if (free === undefined) throw new UnavailableError('no free subnet for a bridge network: every default pool clashes with a route of this machine; give one with --bip or --subnet');
  return free;
}
