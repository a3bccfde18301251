import type { HostConfig, PortBinding } from '../../api/wire/container.ts';
import { InvalidArgumentError } from '../../api/errors.ts';
import { parseIpv4 } from './cidr.ts';
import type { PublishedPort } from './network-record.ts';

/** What `-p` asked for: a port of the container, and which host ports may lead there. */
export interface WantedPort {
  protocol: PublishedPort['protocol'];
  containerPort: number;
  hostAddress: string;
  /** Inclusive; undefined: any free one. */
  hostRange: { first: number; last: number } | undefined;
}

const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;

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
 * IPv6 host addresses are left out: published ports are IPv4 here. Pure.
 * @throws InvalidArgumentError
 */
export function wantedPorts(host: HostConfig, exposed: readonly string[]): WantedPort[] {
  const bindings = Object.entries(host.PortBindings ?? {});
  const all: [string, PortBinding[]][] = host.PublishAllPorts === true ? exposed.filter((port) => !bindings.some(([bound]) => bound === port)).map((port) => [port, [{}]]) : [];
  return [...bindings, ...all].flatMap(([spec, list]) => {
    const { port, protocol } = parsePort(spec);
    return (list ?? []).flatMap((binding) => {
      const hostAddress = binding.HostIp === undefined || binding.HostIp === '' ? '0.0.0.0' : binding.HostIp;
      if (hostAddress.includes(':')) return [];
      parseIpv4(hostAddress);
      return [{ protocol, containerPort: port, hostAddress, hostRange: parseRange(binding.HostPort ?? '') }];
    });
  });
}

function parseRange(text: string): WantedPort['hostRange'] {
  if (text === '' || text === '0') return undefined;
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || first < 1 || last > 65535 || last < first) throw new InvalidArgumentError(`invalid port specification: ${JSON.stringify(text)}`);
  return { first, last };
}
