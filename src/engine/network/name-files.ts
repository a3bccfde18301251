import { isIP } from 'node:net';

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

/** resolv.conf(5) of a container: the host's, without what cannot work there, changed by what was asked for. */
export function resolvConf(input: ResolvConfInput): string {
  const rows = input.host.split('\n').map((line) => line.replace(/[#;].*$/, '').trim().split(/\s+/)).filter((row) => row[0] !== '');
  const values = (keyword: string): string[] => rows.filter((row) => row[0] === keyword).flatMap((row) => row.slice(1));
  const hostServers = values('nameserver').filter((server) => isIP(server.replace(/%.*$/, '')) !== 0 && !(input.dropLoopback && isLoopback(server)));
  const servers = input.dns.length > 0 ? input.dns : hostServers.length > 0 ? hostServers : input.dropLoopback ? ['8.8.8.8', '8.8.4.4'] : [];
  const lastSearch = rows.filter((row) => row[0] === 'search' || row[0] === 'domain').at(-1)?.slice(1) ?? [];
  const search = input.search.length > 0 ? input.search.filter((domain) => domain !== '.') : lastSearch;
  const options = input.options.length > 0 ? input.options : values('options');
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
