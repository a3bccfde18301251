import type { PortBinding } from '../../api/wire/container.ts';

export interface Ports {
  exposed: Record<string, Record<string, never>>;
  bindings: Record<string, PortBinding[]>;
}

interface Range {
  first: number;
  last: number;
}

/**
 * `-p [IP:][HOST-PORT[-PORT]:]PORT[-PORT][/tcp|udp|sctp]` and `--expose PORT[-PORT][/PROTO]`.
 * @throws Error in docker's words.
 */
export function parsePorts(publish: readonly string[], expose: readonly string[]): Ports {
  const ports: Ports = { exposed: {}, bindings: {} };
  for (const spec of publish) addPublished(spec, ports);
  for (const spec of expose) {
    if (spec.includes(':')) throw new Error(`invalid port format for --expose: ${spec}`);
    const [numbers = '', protocol = 'tcp'] = spec.split('/');
    const range = toRange(numbers);
    if (range === undefined) throw new Error(`invalid range format for --expose: ${spec}`);
    for (let port = range.first; port <= range.last; port += 1) ports.exposed[`${port}/${protocol}`] = {};
  }
  return ports;
}

function addPublished(spec: string, ports: Ports): void {
  const { address, host, container, protocol } = split(spec);
  if (container === '') throw new Error(`no port specified: ${spec}<empty>`);
  if (!['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase())) throw new Error(`invalid proto: ${protocol}`);
  const inside = toRange(container);
  if (inside === undefined) throw new Error(`invalid containerPort: ${container}`);
  const outside = host === '' ? undefined : toRange(host);
  if (host !== '' && outside === undefined) throw new Error(`invalid hostPort: ${host}`);
  const count = inside.last - inside.first;
  // One container port may take any port of a range of the host's.
  if (outside !== undefined && outside.last - outside.first !== count && count !== 0) throw new Error(`invalid ranges specified for container and host Ports: ${container} and ${host}`);
  for (let index = 0; index <= count; index += 1) {
    const key = `${inside.first + index}/${protocol.toLowerCase()}`;
    ports.exposed[key] = {};
    (ports.bindings[key] ??= []).push({ HostIp: address, HostPort: outside === undefined ? '' : count === 0 ? host : String(outside.first + index) });
  }
}

function split(spec: string): { address: string; host: string; container: string; protocol: string } {
  const [front = '', protocol = 'tcp'] = spec.split('/');
  const match = /^(?:(?:\[([^\]]*)\]|([^:]*)):)??(?:([^:]*):)?([^:]*)$/.exec(front);
  if (match === null) throw new Error(`invalid port specification: ${JSON.stringify(spec)}`);
  const address = match[1] ?? match[2] ?? '';
  if (address !== '' && !/^\d+\.\d+\.\d+\.\d+$|:/.test(address)) throw new Error(`invalid IP address: ${address}`);
  return { address, host: match[3] ?? '', container: match[4] ?? '', protocol };
}

function toRange(text: string): Range | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  return first > 65535 || last > 65535 || last < first ? undefined : { first, last };
}
