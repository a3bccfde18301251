import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { InvalidArgumentError, messageOf } from '../api/errors.ts';
import type { LogLevel } from '../base/log.ts';
import { NETWORK_OPTIONS, parseNetworkConfig, type NetworkConfig } from './config-network.ts';
import { parseCidr } from './network/cidr.ts';

export type ListenAddress = { kind: 'unix'; path: string } | { kind: 'tcp'; host: string; port: number } | { kind: 'inherited' };

/** Everything that the engine lets people choose, checked. */
export interface EngineConfig {
  dataRoot: string;
  execRoot: string;
  hosts: readonly ListenAddress[];
  tls: { ca: string; cert: string; key: string } | undefined;
  /** Address of the default bridge, `172.17.0.1/16`; undefined lets the engine choose a free one. */
  bip: string | undefined;
  registryMirrors: readonly string[];
  insecureRegistries: readonly string[];
  /** `http-proxy`, `https-proxy` and `no-proxy`; what is not here comes from the environment. */
  proxies: { http?: string; https?: string; none?: string };
  /** Blobs on their way at once, over all pulls and all pushes. */
  maxConcurrentDownloads: number;
  maxConcurrentUploads: number;
  /** undefined: the first that works here, crun before runc. */
  runtime: 'crun' | 'runc' | undefined;
  /** undefined: overlay where the kernel and the file system can, else native. */
  storageDriver: 'overlay' | 'native' | undefined;
  /** False: layers are kept unpacked only, and put together again for save and push. */
  keepLayerBlobs: boolean;
  /** Containers go on when the engine is stopped. */
  liveRestore: boolean;
  logLevel: LogLevel;
  dns: readonly string[];
  dnsSearch: readonly string[];
  dnsOptions: readonly string[];
  mtu: number;
  network: NetworkConfig;
  shutdownTimeoutSeconds: number;
  labels: readonly string[];
  /** How containers are logged that do not say. */
  logging: { type: string; options: Readonly<Record<string, string>> };
  configFile: string | undefined;
}

const DEFAULT_CONFIG_FILE = '/etc/strata/daemon.json';

type Kind = 'string' | 'boolean' | 'number' | 'list' | 'map' | 'pools';
interface Option {
  /** Key in daemon.json, as dockerd spells it where it has the same. */
  key: string;
  kind: Kind;
  /** Name of the flag, without dashes; absent where there is only the file's key. */
  flag?: string;
}

const OPTIONS: readonly Option[] = [
  { key: 'data-root', kind: 'string', flag: 'data-root' },
  { key: 'exec-root', kind: 'string', flag: 'exec-root' },
  { key: 'hosts', kind: 'list', flag: 'host' },
  { key: 'tlscacert', kind: 'string', flag: 'tlscacert' },
  { key: 'tlscert', kind: 'string', flag: 'tlscert' },
  { key: 'tlskey', kind: 'string', flag: 'tlskey' },
  { key: 'tlsverify', kind: 'boolean', flag: 'tlsverify' },
  { key: 'bip', kind: 'string', flag: 'bip' },
  { key: 'registry-mirrors', kind: 'list', flag: 'registry-mirror' },
  { key: 'insecure-registries', kind: 'list', flag: 'insecure-registry' },
  { key: 'proxies', kind: 'map' },
  { key: 'http-proxy', kind: 'string', flag: 'http-proxy' },
  { key: 'https-proxy', kind: 'string', flag: 'https-proxy' },
  { key: 'no-proxy', kind: 'string', flag: 'no-proxy' },
  { key: 'max-concurrent-downloads', kind: 'number' },
  { key: 'max-concurrent-uploads', kind: 'number' },
  { key: 'default-runtime', kind: 'string', flag: 'runtime' },
  { key: 'storage-driver', kind: 'string' },
  { key: 'keep-layer-blobs', kind: 'boolean' },
  { key: 'live-restore', kind: 'boolean', flag: 'live-restore' },
  { key: 'debug', kind: 'boolean', flag: 'debug' },
  { key: 'log-level', kind: 'string', flag: 'log-level' },
  { key: 'dns', kind: 'list' },
  { key: 'dns-search', kind: 'list' },
  { key: 'dns-opts', kind: 'list' },
  { key: 'mtu', kind: 'number', flag: 'mtu' },
  ...NETWORK_OPTIONS,
  { key: 'shutdown-timeout', kind: 'number' },
  { key: 'labels', kind: 'list' },
  { key: 'log-driver', kind: 'string' },
  { key: 'log-opts', kind: 'map' },
];

type Values = ReadonlyMap<string, unknown>;

/**
 * Flags and daemon.json, checked and completed with defaults.
 * @param argv the arguments after the program's name
 * @throws InvalidArgumentError that names the flag or key, and what is wrong with it
 */
export function loadConfig(argv: readonly string[]): EngineConfig {
  const flags = parseFlags(argv);
  const named = flags.get('config-file') as string | undefined;
  const path = named ?? (existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : undefined);
  const file = path === undefined ? new Map<string, unknown>() : parseFile(path, readFile(path));
  rejectConflicts(flags, file);
  return validate(new Map([...file, ...flags]), path);
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new InvalidArgumentError(`cannot read the configuration file ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** `--flag value`, `--flag=value`; `-H` is `--host`, `-D` is `--debug`. Result: by daemon.json key. */
export function parseFlags(argv: readonly string[]): Values {
  const values = new Map<string, unknown>();
  const rest = [...argv];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const [name, inline] = splitFlag(argument);
    if (name === 'config-file') { values.set('config-file', inline ?? takeValue(name, rest)); continue; }
    const option = OPTIONS.find((candidate) => candidate.flag === name);
    if (!option) throw new InvalidArgumentError(`unknown flag: ${argument}`);
    if (option.kind === 'boolean') { values.set(option.key, parseBoolean(name, inline ?? 'true')); continue; }
    const value = inline ?? takeValue(name, rest);
    if (option.kind === 'list' || option.kind === 'pools') values.set(option.key, [...((values.get(option.key) as string[] | undefined) ?? []), value]);
    else values.set(option.key, option.kind === 'number' ? Number(value) : value);
  }
  return values;
}

function splitFlag(argument: string): [string, string | undefined] {
  const short = { '-H': 'host', '-D': 'debug' }[argument];
  if (short !== undefined) return [short, undefined];
  const match = /^--([a-z][a-z-]*)(?:=(.*))?$/s.exec(argument);
  if (match?.[1] === undefined) throw new InvalidArgumentError(`unexpected argument: ${argument}`);
  return [match[1], match[2]];
}

function takeValue(name: string, rest: string[]): string {
  const value = rest.shift();
  if (value === undefined) throw new InvalidArgumentError(`flag needs an argument: --${name}`);
  return value;
}

function parseBoolean(name: string, value: string): boolean {
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new InvalidArgumentError(`invalid value ${JSON.stringify(value)} for --${name}: must be true or false`);
}

/** The pure part of reading daemon.json: JSON, known keys, right types. */
export function parseFile(path: string, text: string): Values {
  let parsed: unknown;
  try {
    parsed = text.trim() === '' ? {} : JSON.parse(text);
  } catch (cause) {
    throw new InvalidArgumentError(`the configuration file ${path} is no JSON: ${messageOf(cause)}`, { cause });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new InvalidArgumentError(`the configuration file ${path} must hold one JSON object`);
  const entries = Object.entries(parsed);
  const unknown = entries.map(([key]) => key).filter((key) => !OPTIONS.some((option) => option.key === key));
  if (unknown.length > 0) throw new InvalidArgumentError(`the following keys in ${path} don't match any configuration option: ${unknown.join(', ')}`);
  for (const [key, value] of entries) {
    const kind = OPTIONS.find((option) => option.key === key)?.kind ?? 'string';
    if (!hasKind(value, kind)) throw new InvalidArgumentError(`the key ${key} in ${path} must be ${{ string: 'a string', boolean: 'true or false', number: 'a number', list: 'a list of strings', map: 'an object of strings', pools: 'a list of objects such as {"base": "10.0.0.0/8", "size": 24}' }[kind]}`);
  }
  return new Map(entries);
}

function hasKind(value: unknown, kind: Kind): boolean {
  if (kind === 'list') return Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (kind === 'pools') return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item));
  if (kind === 'map') return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((item) => typeof item === 'string');
  return typeof value === kind;
}

/** Lists included, as in dockerd: a value has one home. */
function rejectConflicts(flags: Values, file: Values): void {
  const conflicts = [...flags].filter(([key]) => file.has(key))
    .map(([key, value]) => `${key}: (from flag: ${JSON.stringify(value)}, from file: ${JSON.stringify(file.get(key))})`);
  if (conflicts.length > 0) throw new InvalidArgumentError(`the following directives are specified both as a flag and in the configuration file: ${conflicts.join(', ')}`);
}

/** Values of the right types in, a configuration that cannot be wrong out. */
export function validate(values: Values, configFile: string | undefined): EngineConfig {
  const text = (key: string): string | undefined => values.get(key) as string | undefined;
  const list = (key: string): readonly string[] => (values.get(key) as string[] | undefined) ?? [];
  const flag = (key: string): boolean => values.get(key) === true;
  const runtime = oneOf('default-runtime', text('default-runtime'), ['crun', 'runc'] as const);
  const storage = oneOf('storage-driver', text('storage-driver'), ['overlay', 'overlay2', 'native', 'vfs'] as const);
  const hosts = (list('hosts').length > 0 ? list('hosts') : ['unix:///run/strata/engine.sock']).map(parseHost);
  const tls = parseTls(text);
  if (!tls && hosts.some((host) => host.kind === 'tcp')) throw new InvalidArgumentError('refusing to listen on TCP without TLS, which would give root to whoever can connect: give --tlscacert, --tlscert and --tlskey');
  return {
    dataRoot: absolute('data-root', text('data-root') ?? '/var/lib/strata/engine'),
    execRoot: absolute('exec-root', text('exec-root') ?? '/run/strata/exec'),
    hosts, tls,
    bip: parseBip(text('bip')),
    registryMirrors: list('registry-mirrors').map(parseMirror),
    insecureRegistries: list('insecure-registries'),
    proxies: parseProxies(values),
    maxConcurrentDownloads: whole('max-concurrent-downloads', values.get('max-concurrent-downloads'), { fallback: 3, least: 1 }),
    maxConcurrentUploads: whole('max-concurrent-uploads', values.get('max-concurrent-uploads'), { fallback: 5, least: 1 }),
    runtime,
    storageDriver: storage === undefined ? undefined : storage.startsWith('overlay') ? 'overlay' : 'native',
    keepLayerBlobs: values.get('keep-layer-blobs') !== false,
    liveRestore: flag('live-restore'),
    logLevel: flag('debug') ? 'debug' : (oneOf('log-level', text('log-level'), ['debug', 'info', 'warn', 'error'] as const) ?? 'info'),
    dns: list('dns'), dnsSearch: list('dns-search'), dnsOptions: list('dns-opts'),
    network: parseNetworkConfig(values, parseBip(text('bip'))),
    mtu: whole('mtu', values.get('mtu'), { fallback: 1500, least: 68 }),
    shutdownTimeoutSeconds: whole('shutdown-timeout', values.get('shutdown-timeout'), { fallback: 15, least: -1 }),
    labels: list('labels'),
    logging: { type: text('log-driver') ?? 'local', options: (values.get('log-opts') as Record<string, string> | undefined) ?? {} },
    configFile,
  };
}

function oneOf<T extends string>(key: string, value: string | undefined, allowed: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new InvalidArgumentError(`invalid ${key} ${JSON.stringify(value)}: must be one of ${allowed.join(', ')}`);
  return found;
}

function absolute(key: string, path: string): string {
  if (!isAbsolute(path)) throw new InvalidArgumentError(`invalid ${key} ${JSON.stringify(path)}: must be an absolute path`);
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

function whole(key: string, value: unknown, range: { fallback: number; least: number }): number {
  if (value === undefined) return range.fallback;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < range.least) throw new InvalidArgumentError(`invalid ${key} ${JSON.stringify(value)}: must be a whole number of at least ${String(range.least)}`);
  return value;
}

/** `unix:///path`, `tcp://address:port`, or `fd://` for the sockets that a service manager passes. */
export function parseHost(text: string): ListenAddress {
  if (text === 'fd://') return { kind: 'inherited' };
  const unix = /^unix:\/\/(\/.+)$/.exec(text);
  if (unix?.[1] !== undefined) {
    if (Buffer.byteLength(unix[1]) > 107) throw new InvalidArgumentError(`invalid host ${JSON.stringify(text)}: the path of a unix socket has at most 107 bytes`);
    return { kind: 'unix', path: unix[1] };
  }
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^:/[\]]*):(\d{1,5})$/.exec(text);
  const port = Number(tcp?.[2]);
  if (tcp?.[1] === undefined || port < 1 || port > 65535) throw new InvalidArgumentError(`invalid host ${JSON.stringify(text)}: must be unix:///path, tcp://address:port or fd://`);
  return { kind: 'tcp', host: tcp[1] === '' ? '127.0.0.1' : tcp[1].replace(/[[\]]/g, ''), port };
}

function parseTls(text: (key: string) => string | undefined): EngineConfig['tls'] {
  const [ca, cert, key] = [text('tlscacert'), text('tlscert'), text('tlskey')];
  if (ca === undefined && cert === undefined && key === undefined) return undefined;
  if (ca === undefined || cert === undefined || key === undefined) throw new InvalidArgumentError('TLS needs all three of --tlscacert, --tlscert and --tlskey');
  return { ca, cert, key };
}

function parseBip(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const { address, family, network, prefix } = parseCidr(text);
  if (family !== 4) throw new InvalidArgumentError(`invalid bip ${JSON.stringify(text)}: must be an address of IPv4`);
  if (prefix > 30) throw new InvalidArgumentError(`invalid bip ${JSON.stringify(text)}: the prefix leaves no room for containers`);
  if (address === network) throw new InvalidArgumentError(`invalid bip ${JSON.stringify(text)}: give the bridge's own address, such as 172.17.0.1/16, not the network's`);
  return text;
}

/** The three, as dockerd has them: together under `proxies` in the file, or each as a flag. A value has one home. */
function parseProxies(values: Values): EngineConfig['proxies'] {
  const map = new Map<string, unknown>(Object.entries(values.get('proxies') ?? {}));
  const names = { 'http-proxy': 'http', 'https-proxy': 'https', 'no-proxy': 'none' } as const;
  const unknown = [...map.keys()].filter((key) => !Object.hasOwn(names, key));
  if (unknown.length > 0) throw new InvalidArgumentError(`the following keys of proxies don't match any configuration option: ${unknown.join(', ')}`);
  return Object.fromEntries(Object.entries(names).flatMap(([key, name]) => {
    const [single, inMap] = [values.get(key), map.get(key)];
    if (single !== undefined && inMap !== undefined) throw new InvalidArgumentError(`the following directives are specified both as a flag and in the configuration file: ${key}`);
    const value: unknown = single ?? inMap;
    return typeof value === 'string' ? [[name, value]] : [];
  }));
}

function parseMirror(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new InvalidArgumentError(`invalid registry mirror ${JSON.stringify(text)}: no URL`, { cause });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new InvalidArgumentError(`invalid registry mirror ${JSON.stringify(text)}: must start with http:// or https://`);
  if (url.username !== '' || url.search !== '' || url.hash !== '') throw new InvalidArgumentError(`invalid registry mirror ${JSON.stringify(text)}: user, query and fragment are not allowed`);
  return text.endsWith('/') ? text : `${text}/`;
}
