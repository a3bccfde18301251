import { isIP } from 'node:net';
import type { Upstream } from './dns/name-table.ts';

/** The files in /etc that name a container and its surroundings. Pure: text in, text out. */
export interface HostsInput {
  hostname: string;
  domainname: string;
  addresses: readonly string[];
  /** `name:address`, as `--add-host` gives them; `host-gateway` stands for `gateway`. */
  extraHosts: readonly string[];
  gateway: string | undefined;
  /** Of linked containers. */
  linked: readonly { address: string; names: readonly string[] }[];
}

export function hostsFile(input: HostsInput): string {
  const names = input.domainname === '' ? input.hostname : `${input.hostname}.${input.domainname}\t${input.hostname}`;
  const extra = input.extraHosts.flatMap((entry) => {
    const at = entry.indexOf(':');
    const address = entry.slice(at + 1).replace(/^\[|\]$/g, '');
    const resolved = address === 'host-gateway' ? input.gateway : address;
    return resolved === undefined ? [] : [`${resolved}\t${entry.slice(0, at)}`];
  });
  return [
    '127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback', 'fe00::\tip6-localnet', 'ff00::\tip6-mcastprefix',
    'ff02::1\tip6-allnodes', 'ff02::2\tip6-allrouters', ...extra, ...input.linked.map(({ address, names: known }) => `${address}\t${known.join(' ')}`),
    ...input.addresses.map((address) => `${address}\t${names}`), '',
  ].join('\n');
}

export interface ResolvConfInput {
  /** The host's own file. */
  host: string;
  /** Replace what the host has, where given. */
  dns: readonly string[];
  search: readonly string[];
  options: readonly string[];
  /** Servers on the host's loopback cannot be reached from another namespace. */
  dropLoopback: boolean;
}

/** What a resolver is told. */
export interface ResolverSettings {
  servers: readonly string[];
  search: readonly string[];
  options: readonly string[];
}

/** resolv.conf(5) of a container: the host's, without what cannot work there, changed by what was asked for. */
export function resolvConf(input: ResolvConfInput): string {
  const { servers, ...rest } = resolverSettings(input);
  const reachable = input.dns.length > 0 || !input.dropLoopback ? servers : servers.filter((server) => !isLoopback(server));
  return writeResolvConf({ ...rest, servers: reachable.length === 0 && input.dropLoopback ? FALLBACK : reachable });
}

const FALLBACK: readonly string[] = ['8.8.8.8', '8.8.4.4'];
const EMBEDDED_SERVER = '127.0.0.11';

/**
 * resolv.conf(5) of a container with a name server of its own, and whom that one asks. Short names are asked as they are, unless the user
 * wants otherwise with `ndots`.
 */
export function embeddedResolver(input: Omit<ResolvConfInput, 'dropLoopback'>): { text: string; upstreams: Upstream[]; keepsUnqualified: boolean } {
  const { servers, search, options } = resolverSettings(input);
  const ndots = options.map((option) => /^ndots:(\d+)$/.exec(option)?.[1]).find((value) => value !== undefined);
  // Those that the user gives are meant as the container sees them; the host's on its loopback, or over IPv6, only the host can reach.
  const upstreams = (servers.length > 0 ? servers : FALLBACK).map((address): Upstream => ({
    address, port: DNS_PORT, from: input.dns.length === 0 && (isLoopback(address) || isIP(address) === 6) ? 'host' : 'container',
  }));
  return {
    text: writeResolvConf({ servers: [EMBEDDED_SERVER], search, options: ndots === undefined ? [...options, 'ndots:0'] : options }),
    upstreams, keepsUnqualified: Number(ndots ?? 0) > 0,
  };
}

const DNS_PORT = 53;

/** Whether this resolv.conf names a container's own name server. */
export function usesEmbedded(text: string): boolean {
  return text.split('\n').includes(`nameserver ${EMBEDDED_SERVER}`);
}

function resolverSettings(input: Omit<ResolvConfInput, 'dropLoopback'>): ResolverSettings {
  const rows = input.host.split('\n').map((line) => line.replace(/[#;].*$/, '').trim().split(/\s+/)).filter((row) => row[0] !== '');
  const values = (keyword: string): string[] => rows.filter((row) => row[0] === keyword).flatMap((row) => row.slice(1));
  const lastSearch = rows.filter((row) => row[0] === 'search' || row[0] === 'domain').at(-1)?.slice(1) ?? [];
  return {
    servers: input.dns.length > 0 ? input.dns : values('nameserver').filter((server) => isIP(server.replace(/%.*$/, '')) !== 0),
    search: input.search.length > 0 ? input.search.filter((domain) => domain !== '.') : lastSearch,
    options: input.options.length > 0 ? input.options : values('options'),
  };
}

function writeResolvConf({ servers, search, options }: ResolverSettings): string {
  return [
    ...servers.map((server) => `nameserver ${server}`), ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []), '',
  ].join('\n');
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** Where to read the host's name servers: systemd-resolved lists the real ones apart from its own stub on loopback. */
export function hostResolvConfPath(primary: string): string {
  const servers = [...primary.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1]);
  return servers.length > 0 && servers.every((server) => server === '127.0.0.53') ? '/run/systemd/resolve/resolv.conf' : '/etc/resolv.conf';
}
