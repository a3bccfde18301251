import { BlockList, isIP } from 'node:net';
import { InvalidArgumentError } from '../../api/errors.ts';
import { splitAuthority } from './insecure-registries.ts';

/** Proxies as the configuration names them; empty strings for none. */
export interface ProxyNames {
  http: string;
  https: string;
  /** Hosts, domains, networks and ports that are reached without one, separated by commas. */
  none: string;
}

/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in either case; what the configuration names comes first. */
export function proxyNames(env: NodeJS.ProcessEnv, configured: Partial<ProxyNames> = {}): ProxyNames {
  const read = (name: string): string => env[name] ?? env[name.toLowerCase()] ?? '';
  return { http: configured.http ?? read('HTTP_PROXY'), https: configured.https ?? read('HTTPS_PROXY'), none: configured.none ?? read('NO_PROXY') };
}

/**
 * Which proxy leads to a URL. This machine itself is never reached through one. Source: golang.org/x/net/http/httpproxy, "Config",
 * which dockerd goes by.
 */
export class ProxySettings {
  readonly #proxies: Readonly<Record<string, URL | undefined>>;
  readonly #exceptions: readonly ((host: string, port: number) => boolean)[];

  /** @throws InvalidArgumentError for a proxy that is no URL */
  constructor({ http, https, none }: ProxyNames) {
    this.#proxies = { 'http:': parseProxy(http), 'https:': parseProxy(https) };
    this.#exceptions = none.split(',').map((entry) => entry.trim().toLowerCase()).filter((entry) => entry !== '').map(exception);
  }

  proxyFor(url: URL): URL | undefined {
    const { host } = splitAuthority(url.host);
    const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
    if (host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)) return undefined;
    return this.#exceptions.some((matches) => matches(host, port)) ? undefined : this.#proxies[url.protocol];
  }
}

function parseProxy(text: string): URL | undefined {
  if (text === '') return undefined;
  const full = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw new InvalidArgumentError(`invalid proxy ${JSON.stringify(hideUser(text))}: must be http://host:port or https://host:port`);
  return url;
}

/** A proxy's name without who uses it, for messages. */
export function hideUser(proxy: string): string {
  return proxy.replace(/^([a-z]+:\/\/)?[^/@]*@/i, '$1xxxxx:xxxxx@');
}

/** `*`, a network, an address, a host with its subdomains, subdomains alone (`.example`); each with a port if it has one. */
function exception(entry: string): (host: string, port: number) => boolean {
  if (entry === '*') return () => true;
  const [address = '', prefix] = entry.split('/');
  if (prefix !== undefined && isIP(address) !== 0 && /^\d{1,3}$/.test(prefix)) return inNetwork(address, Number(prefix));
  const { host: name, port: onlyPort } = splitAuthority(entry);
  const domain = name.replace(/^\*?\./, '');
  const subdomainsOnly = domain !== name;
  return (host, port) => (onlyPort === undefined || onlyPort === port) && ((!subdomainsOnly && host === domain) || (isIP(host) === 0 && host.endsWith(`.${domain}`)));
}

function inNetwork(address: string, prefix: number): (host: string) => boolean {
  const list = new BlockList();
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (prefix > (family === 'ipv6' ? 128 : 32)) return () => false;
  list.addSubnet(address, prefix, family);
  return (host) => isIP(host) !== 0 && list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}
