import { InvalidArgumentError, NotImplementedError } from '../errors.ts';

/** Where an engine listens. */
export type Endpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'pipe'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** Port of an engine without TLS, where `tcp://HOST` names none. */
const PLAIN_PORT = 2375;

/**
 * Reads an endpoint as docker spells it: `unix:///run/docker.sock`, `npipe:////./pipe/name`, `tcp://host:2375`.
 * @throws InvalidArgumentError for what is no endpoint, NotImplementedError for kinds that Strata does not speak.
 */
export function parseEndpoint(text: string): Endpoint {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text.trim());
  const scheme = match?.[1]?.toLowerCase();
  const rest = match?.[2] ?? '';
  switch (scheme) {
    case 'unix':
      if (rest === '') throw new InvalidArgumentError(`invalid engine endpoint ${JSON.stringify(text)}: the path of the socket is missing`);
      return { kind: 'unix', path: rest };
    case 'npipe':
      if (rest === '') throw new InvalidArgumentError(`invalid engine endpoint ${JSON.stringify(text)}: the name of the pipe is missing`);
      return { kind: 'pipe', path: rest.replaceAll('/', '\\') };
    case 'tcp':
      return parseTcp(text, rest);
    case 'ssh':
    case 'https':
      throw new NotImplementedError(`${scheme}:// endpoints are not supported yet: use unix://, npipe:// or tcp://`);
    default:
      throw new InvalidArgumentError(`invalid engine endpoint ${JSON.stringify(text)}: use unix://PATH, npipe:////./pipe/NAME or tcp://HOST:PORT`);
  }
}

/** The endpoint as people write it; `parseEndpoint` reads it back. */
export function formatEndpoint(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case 'unix': return `unix://${endpoint.path}`;
    case 'pipe': return `npipe://${endpoint.path.replaceAll('\\', '/')}`;
    case 'tcp': return `tcp://${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
  }
}

function parseTcp(text: string, rest: string): Endpoint {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:/[\]]+))(?::(\d{1,5}))?\/?$/.exec(rest);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? PLAIN_PORT : Number(match[3]);
  if (host === undefined || port < 1 || port > 65535) {
    throw new InvalidArgumentError(`invalid engine endpoint ${JSON.stringify(text)}: use tcp://HOST:PORT`);
  }
  return { kind: 'tcp', host, port };
}
