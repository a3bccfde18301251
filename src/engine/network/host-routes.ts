import { readFileSync } from 'node:fs';
import type { Cidr } from './cidr.ts';

export interface HostRoute extends Cidr {
  interfaceName: string;
}

/** The subnets that this machine has routes to; the default route is not one of them. Source: proc(5), /proc/net/route. */
export function readHostRoutes(): HostRoute[] {
  return parseRoutes(readFileSync('/proc/net/route', 'utf8'));
}

/** The pure part: addresses stand there as hexadecimal numbers in the machine's (little-endian) byte order. */
export function parseRoutes(text: string): HostRoute[] {
  return text.split('\n').slice(1).flatMap((line) => {
    const [interfaceName, destination, , , , , , mask] = line.split('\t');
    if (interfaceName === undefined || destination === undefined || mask === undefined || Number.parseInt(mask, 16) === 0) return [];
    const network = swap(destination);
    const prefix = swap(mask).toString(2).replace(/0+$/, '').length;
    return [{ interfaceName, address: network, network, broadcast: network + 2 ** (32 - prefix) - 1, prefix }];
  });
}

function swap(hex: string): number {
  return Buffer.from(hex, 'hex').readUInt32LE(0);
}
