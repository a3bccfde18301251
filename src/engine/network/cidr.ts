import { InvalidArgumentError } from '../../api/errors.ts';

/** IPv4 arithmetic. Addresses are unsigned 32-bit numbers. Pure. */
export interface Cidr {
  /** The address as it was written: `172.17.0.1` of `172.17.0.1/16`. */
  address: number;
  network: number;
  broadcast: number;
  prefix: number;
}

/** @throws InvalidArgumentError */
export function parseIpv4(text: string): number {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const bytes = match?.slice(1).map(Number) ?? [];
  if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) throw new InvalidArgumentError(`invalid IPv4 address ${JSON.stringify(text)}`);
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => String((address >>> shift) & 255)).join('.');
}

/** @throws InvalidArgumentError */
export function parseCidr(text: string): Cidr {
  const [address = '', bits = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) throw new InvalidArgumentError(`invalid subnet ${JSON.stringify(text)}: must be an address and a prefix length, such as 172.17.0.0/16`);
  const prefix = Number(bits);
  const value = parseIpv4(address);
  const size = 2 ** (32 - prefix);
  const network = Math.floor(value / size) * size;
  return { address: value, network, broadcast: network + size - 1, prefix };
}

export function formatCidr(address: number, prefix: number): string {
  return `${formatIpv4(address)}/${String(prefix)}`;
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.network <= b.broadcast && b.network <= a.broadcast;
}

export function contains(cidr: Cidr, address: number): boolean {
  return address >= cidr.network && address <= cidr.broadcast;
}
