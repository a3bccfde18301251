import { readFileSync } from 'node:fs';
import { type Cidr, parseCidr } from './cidr.ts';

export interface HostRoute extends Cidr {
  interfaceName: string;
}

/** The subnets that this machine has routes to, VPNs and other engines' bridges included; default routes are not among them. */
export function readHostRoutes(): HostRoute[] {
  return [...parseRoutes(read('/proc/net/route')), ...parseIpv6Routes(read('/proc/net/ipv6_route'))];
}

/** A kernel without IPv6 has no such file. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Source: proc(5), /proc/net/route. Addresses stand there as hexadecimal numbers in the machine's (little-endian) byte order. Pure. */
export function parseRoutes(text: string): HostRoute[] {
  return text.split('\n').slice(1).flatMap((line) => {
    const [interfaceName, destination, , , , , , mask] = line.split('\t');
    if (interfaceName === undefined || destination === undefined || mask === undefined || Number.parseInt(mask, 16) === 0) return [];
    const bytes = [...Buffer.from(destination, 'hex').reverse()];
    const prefix = Buffer.from(mask, 'hex').readUInt32LE(0).toString(2).replace(/0+$/, '').length;
    return [{ ...parseCidr(`${bytes.join('.')}/${String(prefix)}`), interfaceName }];
  });
}

/** Unicast routes of more than this machine itself: addresses that are its own, link-local and multicast ones lead to no network. Pure. */
export function parseIpv6Routes(text: string): HostRoute[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [destination = '', bits = ''] = fields;
    const interfaceName = fields[9];
    const prefix = Number.parseInt(bits, 16);
    if (interfaceName === undefined || interfaceName === 'lo' || prefix === 0 || prefix === 128 || /^(?:fe[89ab]|ff)/.test(destination)) return [];
    return [{ ...parseCidr(`${destination.match(/.{4}/g)?.join(':') ?? ''}/${String(prefix)}`), interfaceName }];
  });
}
