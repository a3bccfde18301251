import { isIP } from 'node:net';
import type { HostConfig, PortBinding } from '../../api/wire/container.ts';
import { InvalidArgumentError } from '../../api/errors.ts';
import { formatIp, parseIp } from './cidr.ts';
import type { PublishedPort } from './network-record.ts';

/** What `-p` asked for: a port of the container, and which host ports may lead there. */
export interface WantedPort {
  protocol: PublishedPort['protocol'];
  containerPort: number;
  /** One, or the addresses that stand for every one of both families, which get the same port. */
  hostAddresses: readonly string[];
  /** Inclusive; undefined: any free one. */
  hostRange: { first: number; last: number } | undefined;
}

const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
const EVERYWHERE = ['0.0.0.0', '::'];

/** `80/tcp` or `80`. @throws InvalidArgumentError */
export function parsePort(text: string): { port: number; protocol: PublishedPort['protocol'] } {
  const match = /^(\d{1,5})(?:\/([a-z]+))?$/.exec(text);
  const port = Number(match?.[1]);
  const protocol = PROTOCOLS.find((candidate) => candidate === (match?.[2] ?? 'tcp'));
  if (!match || port < 1 || port > 65535) throw new InvalidArgumentError(`invalid port specification: ${JSON.stringify(text)}`);
  if (protocol === undefined) throw new InvalidArgumentError(`invalid protocol in port specification ${JSON.stringify(text)}: must be tcp, udp or sctp`);
  return { port, protocol };
}

/**
 * The ports that a container wants published: its bindings, and with `-P` every exposed port.
 * @param defaultAddresses where a binding names no address; every address of both families if not given. Pure.
 * @throws InvalidArgumentError
 */
export function wantedPorts(host: HostConfig, exposed: readonly string[], defaultAddresses: readonly string[] = EVERYWHERE): WantedPort[] {
  const bindings = Object.entries(host.PortBindings ?? {}).filter(([, list]) => list !== null && list.length > 0);
  const rest = host.PublishAllPorts === true ? [...new Set([...exposed, ...Object.keys(host.PortBindings ?? {})].map(canonical))].filter((port) => !bindings.some(([bound]) => canonical(bound) === port)) : [];
  return [...bindings, ...rest.map((port): [string, PortBinding[]] => [port, [{}]])].flatMap(([spec, list]) => {
    const { port, protocol } = parsePort(spec);
    return (list ?? []).map((binding) => ({ protocol, containerPort: port, hostAddresses: addressesOf(binding, defaultAddresses), hostRange: parseRange(binding.HostPort ?? '') }));
  });
}

function canonical(text: string): string {
  const { port, protocol } = parsePort(text);
  return `${String(port)}/${protocol}`;
}

function addressesOf({ HostIp: address = '' }: PortBinding, defaults: readonly string[]): readonly string[] {
  if (address === '') return defaults;
  const bare = address.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) === 0) throw new InvalidArgumentError(`invalid IP address in port binding: ${JSON.stringify(address)}`);
  return [formatIp(parseIp(bare))];
}

function parseRange(text: string): WantedPort['hostRange'] {
  if (text === '' || text === '0') return undefined;
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || first < 1 || last > 65535 || last < first) throw new InvalidArgumentError(`invalid port specification: ${JSON.stringify(text)}`);
  return { first, last };
}
