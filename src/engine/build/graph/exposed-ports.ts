import { isIP } from 'node:net';
import { InvalidArgumentError } from '../../../api/errors.ts';
import { quote } from '../dockerfile/go-text.ts';

export interface ExposedPorts {
  /** `80/tcp`, one per port. */
  ports: readonly string[];
  hasHostPart: boolean;
  /** As written, if there is one. */
  protocol: string;
}

const PORT_LIMIT = 65_535;

/**
 * `80`, `80/udp`, `8000-8010`, and what belongs to `docker run` only: `127.0.0.1:80:80`, of which the container's side counts.
 * @throws InvalidArgumentError in BuildKit's words
 */
export function parseExposed(text: string): ExposedPorts {
  const parts = text.split(':');
  const written = parts.at(-1) ?? '';
  const hostPort = parts.at(-2) ?? '';
  const address = parts.slice(0, -2).join(':');
  const slash = written.indexOf('/');
  const spec = slash === -1 ? written : written.slice(0, slash);
  const protocol = slash === -1 ? '' : written.slice(slash + 1);
  const known = protocol === '' ? 'tcp' : protocol.toLowerCase();
  if (spec === '') throw new InvalidArgumentError(`invalid port: ${quote(text)}: no port specified: ${written}<empty>`);
  if (!['tcp', 'udp', 'sctp'].includes(known)) throw new InvalidArgumentError(`invalid port: ${quote(text)}: invalid proto: ${known}`);
  if (address !== '' && isIP(address.replace(/^\[(.*)\]$/, '$1')) === 0) throw new InvalidArgumentError(`invalid IP address: ${address}`);
  const range = portRange(spec);
  if (range === undefined) throw new InvalidArgumentError(`invalid containerPort: ${spec}`);
  const host = hostPort === '' ? undefined : portRange(hostPort);
  if (hostPort !== '' && host === undefined) throw new InvalidArgumentError(`invalid hostPort: ${hostPort}`);
  const count = range.last - range.first;
  if (host !== undefined && count !== 0 && host.last - host.first !== count) throw new InvalidArgumentError(`invalid ranges specified for container and host Ports: ${spec} and ${hostPort}`);
  return { ports: Array.from({ length: count + 1 }, (_, index) => `${range.first + index}/${known}`), hasHostPart: parts.length > 1, protocol };
}

function portRange(text: string): { first: number; last: number } | undefined {
  const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  return from !== '' && first <= last && last <= PORT_LIMIT ? { first, last } : undefined;
}
