import type { ContainerConfig, ContainerInspect, Health, ContainerState as WireState, ContainerSummary, EndpointSettings, ExecInspect, MountPoint, PortBinding } from '../../../api/wire/container.ts';
import { dnsAliases } from '../../containers/container-names.ts';
import type { ContainerMount, ContainerRecord, WantedEndpoint } from '../../containers/container-record.ts';
import type { Container } from '../../containers/container.ts';
import type { HealthState } from '../../containers/health/health.ts';
import type { Exec } from '../../containers/execs.ts';
import { logPath } from '../../containers/container-log.ts';
import { livePorts } from '../../containers/container-ports.ts';
import { hostnameOf, plannedNetworks, wantedNetworks } from '../../containers/container-network.ts';
import type { ContainerRegistry } from '../../containers/container-registry.ts';
import { shownLinks } from '../../containers/links.ts';
import { nameOwner } from '../../containers/sharing.ts';
import { describeState, isRunning } from '../../containers/state.ts';
import type { EndpointRecord } from '../../network/network-record.ts';
import { type ApiVersion, isAtLeast } from '../api-version.ts';

/** Containers as Docker's API spells them. Pure. */
const NEVER = '0001-01-01T00:00:00Z';

/** Milliseconds since the epoch, 0 for never. */
export function wireTime(ms: number): string {
  return ms === 0 ? NEVER : new Date(ms).toISOString();
}

/** What nobody asked for is there all the same: clients read it without looking whether it is. */
const CONFIG_DEFAULTS = { Domainname: '', AttachStdin: false, AttachStdout: false, AttachStderr: false, Tty: false, OpenStdin: false, StdinOnce: false } as const;

/** `OnBuild` means nothing to a container; clients since 1.52 do not miss it. */
function withoutEmpty({ OnBuild, ...config }: ContainerConfig): ContainerConfig {
  return OnBuild === undefined || OnBuild === null || OnBuild.length === 0 ? config : { ...config, OnBuild };
}

export interface InspectContext {
  version: ApiVersion;
  registry: ContainerRegistry;
  storageDriver: string;
  execIds: readonly string[];
  /** Writable layer and whole file system, where they were asked for. */
  size?: { writable: number; total: number };
  architecture: string;
}

export function inspectContainer(container: Container, context: InspectContext): ContainerInspect & Record<string, unknown> {
  const { record } = container;
  const { paths } = nameOwner(container, context.registry);
  const [path = '', ...args] = record.args;
  return {
    Id: record.id,
    Created: wireTime(record.createdAt),
    Path: path,
    Args: args,
    State: wireState(container),
    Image: record.imageId,
    ResolvConfPath: paths.resolvConf,
    HostnamePath: paths.hostname,
    HostsPath: paths.hosts,
    LogPath: record.hostConfig.LogConfig?.Type === 'json-file' ? logPath(container) : '',
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: context.storageDriver,
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: context.execIds.length === 0 ? null : [...context.execIds],
    HostConfig: { ...(isAtLeast(context.version, 1, 42) ? {} : { KernelMemory: 0, KernelMemoryTCP: 0 }), ...record.hostConfig, Links: shownLinks(record, context.registry) },
    GraphDriver: { Name: context.storageDriver, Data: { MergedDir: container.paths.rootfs } },
    ...(context.size ? { SizeRw: context.size.writable, SizeRootFs: context.size.total } : {}),
    Mounts: wireMounts(record),
    Config: { ...CONFIG_DEFAULTS, ...(isAtLeast(context.version, 1, 52) ? withoutEmpty(record.config) : record.config), Hostname: hostnameOf(record) },
    NetworkSettings: networkSettings(container, context.version),
  };
}

function wireState(container: Container): WireState {
  const { state, health } = container.record;
  return {
    Status: container.removing && !container.running ? 'removing' : state.phase,
    Running: isRunning(state), Paused: state.phase === 'paused', Restarting: state.phase === 'restarting', OOMKilled: state.oomKilled, Dead: state.phase === 'dead',
    Pid: state.pid, ExitCode: state.exitCode, Error: state.error, StartedAt: wireTime(state.startedAt), FinishedAt: wireTime(state.finishedAt),
    ...(health ? { Health: wireHealth(health) } : {}),
  };
}

function wireHealth(health: HealthState): Health {
  return {
    Status: health.status, FailingStreak: health.failingStreak,
    Log: health.results.map((result) => ({ Start: wireTime(result.startedAt), End: wireTime(result.endedAt), ExitCode: result.exitCode, Output: result.output })),
  };
}

/** Those of `--tmpfs` stand in the host configuration alone. */
function wireMounts({ mounts, hostConfig }: ContainerRecord): MountPoint[] {
  return mounts.filter(({ type, destination }) => type !== 'tmpfs' || !Object.hasOwn(hostConfig.Tmpfs ?? {}, destination)).map(wireMount);
}

function wireMount(mount: ContainerMount): MountPoint {
  return {
    Type: mount.type, ...(mount.name === undefined ? {} : { Name: mount.name, Driver: 'local' }), Source: mount.source, Destination: mount.destination,
    Mode: mount.mode, RW: !mount.readOnly, Propagation: mount.type === 'bind' && mount.propagation === '' ? 'rprivate' : mount.propagation,
  };
}

function networkSettings(container: Container, version: ApiVersion): ContainerInspect['NetworkSettings'] {
  const { record, paths } = container;
  const networks = gateEndpoints(endpointSettings(record, isAtLeast(version, 1, 45) ? 'apart' : 'as aliases'), version);
  const [first] = record.endpoints;
  const legacy = isAtLeast(version, 1, 52) ? {} : {
    Bridge: '', HairpinMode: false, LinkLocalIPv6Address: '', LinkLocalIPv6PrefixLen: 0, SecondaryIPAddresses: null, SecondaryIPv6Addresses: null,
    EndpointID: first?.id ?? '', Gateway: first?.gateway ?? '', GlobalIPv6Address: first?.address6 ?? '', GlobalIPv6PrefixLen: first?.prefix6 ?? 0, IPAddress: first?.address ?? '', IPPrefixLen: first?.prefix ?? 0,
    IPv6Gateway: first?.gateway6 ?? '', MacAddress: first?.mac ?? '',
  };
  const connected = record.endpoints.length > 0;
  return {
    ...legacy, SandboxID: connected ? record.id : '', SandboxKey: connected && record.hostConfig.NetworkMode !== 'host' ? paths.networkNamespace : '',
    Ports: wirePorts(record), Networks: networks,
  };
}

/**
 * Where it is connected, or, while it does not run, where it will be.
 * @param names how to show what it is called there: lists do not, and API 1.45 told its own names and those that were asked for apart
 */
export function endpointSettings(record: ContainerRecord, names: 'as aliases' | 'apart' | 'not'): Record<string, EndpointSettings> {
  const live = new Map(record.endpoints.map((endpoint) => [endpoint.networkName, endpoint]));
  const wanted = (isRunning(record.state) ? wantedNetworks(record) : plannedNetworks(record)).map(([name, endpoint]) => [name === 'default' ? 'bridge' : name, endpoint] as const);
  return Object.fromEntries(wanted.map(([name, endpoint]) => {
    const present = live.get(name) ?? record.endpoints.find((candidate) => candidate.networkId === name);
    const own = present && present.networkName !== 'bridge' && present.interfaceName !== undefined ? dnsAliases(record, endpoint.aliases) : undefined;
    const aliases = names === 'as aliases' && own ? own : endpoint.aliases;
    return [present?.networkName ?? name, {
      ...endpointWire(present, endpoint), Links: names === 'not' || !endpoint.links?.length ? null : [...endpoint.links],
      Aliases: names === 'not' || aliases.length === 0 ? null : [...aliases], DNSNames: names === 'apart' && own ? [...new Set([record.name, ...own])] : null,
    }];
  }));
}

/** What older versions do not tell of endpoints. */
function gateEndpoints(endpoints: Record<string, EndpointSettings>, version: ApiVersion | undefined): Record<string, EndpointSettings> {
  if (!version || isAtLeast(version, 1, 48)) return endpoints;
  return Object.fromEntries(Object.entries(endpoints).map(([name, { DNSNames: names, GwPriority: _, ...older }]) => [name, names !== undefined && isAtLeast(version, 1, 44) ? { ...older, DNSNames: names } : older]));
}

function endpointWire(endpoint: EndpointRecord | undefined, wanted: WantedEndpoint): Omit<EndpointSettings, 'Links' | 'Aliases' | 'DNSNames'> {
  return {
    IPAMConfig: ipamConfig(wanted),
    MacAddress: endpoint?.mac ?? wanted.mac ?? '', DriverOpts: wanted.driverOptions ?? null, GwPriority: wanted.gatewayPriority ?? 0, NetworkID: endpoint?.networkId ?? '', EndpointID: endpoint?.id ?? '', Gateway: endpoint?.gateway ?? '',
    IPAddress: endpoint?.address ?? '', IPPrefixLen: endpoint?.prefix ?? 0, IPv6Gateway: endpoint?.gateway6 ?? '', GlobalIPv6Address: endpoint?.address6 ?? '', GlobalIPv6PrefixLen: endpoint?.prefix6 ?? 0,
  };
}

function ipamConfig({ address, address6 }: WantedEndpoint): NonNullable<EndpointSettings['IPAMConfig']> | null {
  if (address === undefined && address6 === undefined) return null;
  return { ...(address === undefined ? {} : { IPv4Address: address }), ...(address6 === undefined ? {} : { IPv6Address: address6 }) };
}

/** Exposed ports with the host ports that lead there. */
function wirePorts(record: ContainerRecord): Record<string, PortBinding[] | null> {
  if (!isRunning(record.state)) return {};
  const ports: Record<string, PortBinding[] | null> = Object.fromEntries(Object.keys(record.config.ExposedPorts ?? {}).map((port) => [port.includes('/') ? port : `${port}/tcp`, null]));
  for (const port of record.endpoints.flatMap((endpoint) => endpoint.ports)) {
    const key = `${String(port.containerPort)}/${port.protocol}`;
    ports[key] = [...(ports[key] ?? []), { HostIp: port.hostAddress, HostPort: String(port.hostPort) }];
  }
  return ports;
}

export function summarizeContainer(container: Container, options: { imageName: string; now: number; version?: ApiVersion; linkNames?: readonly string[]; size?: { writable: number; total: number } }): ContainerSummary {
  const { record } = container;
  return {
    Id: record.id,
    Names: [`/${record.name}`, ...(options.linkNames ?? [])],
    Image: options.imageName,
    ImageID: record.imageId,
    Command: record.args.map((word, index) => (index > 0 && word.includes(' ') ? `'${word}'` : word)).join(' '),
    Created: Math.floor(record.createdAt / 1000),
    Ports: livePorts(record),
    ...(options.size ? { ...(options.size.writable === 0 ? {} : { SizeRw: options.size.writable }), SizeRootFs: options.size.total } : {}),
    Labels: record.config.Labels ?? {},
    State: container.removing && !container.running ? 'removing' : record.state.phase,
    Status: container.removing && !container.running ? 'Removal In Progress' : describeState(record.state, options.now, record.health),
    ...(options.version && !isAtLeast(options.version, 1, 52) ? {} : { Health: { Status: record.health?.status ?? 'none', FailingStreak: record.health?.failingStreak ?? 0 } }),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode ?? 'bridge' },
    NetworkSettings: { Networks: gateEndpoints(endpointSettings(record, 'not'), options.version) },
    Mounts: wireMounts(record),
  };
}

export function inspectExec(exec: Exec): ExecInspect {
  const { config } = exec;
  const [entrypoint, ...args] = config.command;
  return {
    ID: exec.id, Running: exec.process !== undefined, ExitCode: exec.exitCode ?? null,
    ProcessConfig: { tty: config.tty, entrypoint, arguments: args, privileged: config.privileged, ...(config.user === '' ? {} : { user: config.user }) },
    OpenStdin: config.stdin, OpenStderr: config.stderr, OpenStdout: config.stdout, CanRemove: false, ContainerID: exec.container.id,
    DetachKeys: '', Pid: exec.process?.pid ?? 0,
  };
}
