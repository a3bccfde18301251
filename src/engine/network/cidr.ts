import { isIP } from 'node:net';
import { InvalidArgumentError } from '../../api/errors.ts';

/** Arithmetic of addresses of both families. Pure. */
export type Family = 4 | 6;

export interface IpAddress {
  family: Family;
  /** The address as a number. */
  value: bigint;
}

export interface Cidr {
  family: Family;
  /** The address as it was written: `172.17.0.1` of `172.17.0.1/16`. */
  address: bigint;
  network: bigint;
  /** The last address; in IPv4 the broadcast address. */
  broadcast: bigint;
  prefix: number;
}

/** @throws InvalidArgumentError */
export function parseIp(text: string): IpAddress {
  const family = isIP(text);
  if (family === 4) return { family: 4, value: text.split('.').reduce((sum, byte) => sum * 256n + BigInt(byte), 0n) };
  if (family !== 6 || text.includes('%')) throw new InvalidArgumentError(`invalid IP address ${JSON.stringify(text)}`);
  return { family: 6, value: ipv6Groups(text).reduce((sum, group) => (sum << 16n) | BigInt(group), 0n) };
}

function ipv6Groups(text: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (dotted) {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.slice(2).map(Number);
    return ipv6Groups(`${dotted[1] ?? ''}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`);
  }
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const [first, last] = [groups(head), groups(tail ?? '')];
  return [...first, ...Array.from({ length: tail === undefined ? 0 : 8 - first.length - last.length }, () => 0), ...last];
}

/** Canonical text; of IPv6 as RFC 5952 has it. */
export function formatIp({ family, value }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - index * 16)) & 0xffffn).toString(16));
  const runs = [...groups.join(':').matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].map(([run]) => run.replace(/^:/, '')).sort((a, b) => b.length - a.length);
  const [longest] = runs;
  if (longest === undefined) return groups.join(':');
  const text = groups.join(':');
  const at = text.search(new RegExp(`(?<=^|:)${longest}(?=:|$)`));
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`;
}

/** In network byte order: 4 or 16 bytes. */
export function ipBytes(address: IpAddress): Buffer {
  return Buffer.from(address.value.toString(16).padStart(address.family === 4 ? 8 : 32, '0'), 'hex');
}

/** @throws InvalidArgumentError */
export function parseCidr(text: string): Cidr {
  const wrong = (): InvalidArgumentError => new InvalidArgumentError(`invalid CIDR address: ${text}`);
  const [address = '', bits = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits) || isIP(address) === 0 || address.includes('%')) throw wrong();
  const { family, value } = parseIp(address);
  const width = widthOf(family);
  const prefix = Number(bits);
  if (prefix > width) throw wrong();
  const size = 1n << BigInt(width - prefix);
  const network = (value / size) * size;
  return { family, address: value, network, broadcast: network + size - 1n, prefix };
}

export function widthOf(family: Family): number {
  return family === 4 ? 32 : 128;
}

/** `172.17.0.0/16` of `172.17.0.1/16`. */
export function formatNetwork({ family, network, prefix }: Cidr): string {
  return `${formatIp({ family, value: network })}/${String(prefix)}`;
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.network <= b.broadcast && b.network <= a.broadcast;
}

export function contains(cidr: Cidr, address: IpAddress): boolean {
  return address.family === cidr.family && address.value >= cidr.network && address.value <= cidr.broadcast;
}
