import { arch, cpus, hostname, release, totalmem } from 'node:os';
import { readFile } from 'node:fs/promises';
import { InvalidArgumentError } from '../../../api/errors.ts';
import type { ContainerSummary } from '../../../api/wire/container.ts';
import type { ImageSummary } from '../../../api/wire/image.ts';
import type { InfoResponse, VersionResponse } from '../../../api/wire/system.ts';
import type { EngineConfig } from '../../config.ts';
import type { LogDrivers } from '../../logs/log-drivers.ts';
import type { ContainerRegistry } from '../../containers/container-registry.ts';
import { writableBytes } from '../../containers/writable-size.ts';
import type { ImageSource } from '../../images/image.ts';
import type { CgroupMode } from '../../linux/cgroup.ts';
import type { Snapshotter } from '../../snapshots/snapshotter.ts';
import { hideUser, proxyNames } from '../../registry/proxy-settings.ts';
import type { Volumes } from '../../volumes/volumes.ts';
import { STRATA_VERSION } from '../version.ts';
import { type ApiVersion, formatApiVersion, isAtLeast, NEWEST_API_VERSION, OLDEST_API_VERSION } from '../api-version.ts';
import { queryBoolean } from '../query.ts';
import type { Route, RouteContext } from '../route.ts';
import { type DiskUsage, summarizeUsage, type UsedVolume } from './disk-usage.ts';
import { summarizeContainer } from './container-wire.ts';
import { wireVolume } from './volumes.ts';

export interface SystemRouteServices {
  config: EngineConfig;
  /** Stays the same as long as the data root. */
  engineId: string;
  registry: ContainerRegistry;
  logDrivers: LogDrivers;
  images: ImageSource;
  /** The images as `GET /images/json` gives them, for `system df`. */
  listImages: (version: ApiVersion) => Promise<ImageSummary[]>;
  snapshotter: Snapshotter;
  volumes: Volumes;
  cgroups: CgroupMode;
  runtime: { name: string; path: string; version: string };
  warnings: readonly string[];
  /** System calls of containers are filtered. */
  seccomp: boolean;
}

const PING_HEADERS: Readonly<Record<string, string>> = { 'Builder-Version': '1', Swarm: 'inactive', 'Cache-Control': 'no-cache, no-store, must-revalidate', Pragma: 'no-cache' };

export function systemRoutes(services: SystemRouteServices): Route[] {
  return [
    { method: 'GET', path: '/_ping', handler: (context) => { context.streamHead(200, { ...PING_HEADERS, 'content-type': 'text/plain; charset=utf-8', 'content-length': '2' }).end('OK'); } },
    { method: 'HEAD', path: '/_ping', handler: (context) => { context.streamHead(200, { ...PING_HEADERS, 'content-type': 'text/plain; charset=utf-8', 'content-length': '0' }).end(); } },
    { method: 'GET', path: '/version', handler: (context) => { context.json(200, version(services)); } },
    { method: 'GET', path: '/info', handler: async (context) => { context.json(200, await info(services, context.version)); } },
    { method: 'GET', path: '/system/df', handler: async (context) => { context.json(200, await diskUsage(services, context)); } },
  ];
}

/** Node's and Go's names for machines. */
export function goArchitecture(): string {
  return { x64: 'amd64', arm64: 'arm64' }[arch() as string] ?? arch();
}

function version(services: SystemRouteServices): VersionResponse {
  const { runtime } = services;
  const details = { ApiVersion: formatApiVersion(NEWEST_API_VERSION), MinAPIVersion: formatApiVersion(OLDEST_API_VERSION) };
  return {
    Platform: { Name: 'Strata' },
    Components: [
      { Name: 'Engine', Version: STRATA_VERSION, Details: { ...details, Arch: goArchitecture(), Os: 'linux', KernelVersion: release(), NodeVersion: process.version, GitCommit: '', GoVersion: '', BuildTime: '', Experimental: 'false' } },
      { Name: runtime.name, Version: runtime.version, Details: { Path: runtime.path } },
    ],
    Version: STRATA_VERSION, ...details, GitCommit: '', GoVersion: '', Os: 'linux', Arch: goArchitecture(), KernelVersion: release(), BuildTime: '',
  };
}

async function info(services: SystemRouteServices, apiVersion: ApiVersion): Promise<InfoResponse> {
  const { config, registry, cgroups, runtime } = services;
  const proxies = proxyNames(process.env, config.proxies);
  const phases = registry.list().map((container) => container.record.state.phase);
  const count = (...wanted: readonly string[]): number => phases.filter((phase) => wanted.includes(phase)).length;
  const osRelease = parseOsRelease(await readFile('/etc/os-release', 'utf8').catch(() => ''));
  // Until 1.48 with what was expected, which is never anything else.
  const commit = (ID: string): { ID: string; Expected?: string } => ({ ID, ...(isAtLeast(apiVersion, 1, 49) ? {} : { Expected: ID }) });
  const has = (controller: string): boolean => cgroups.controllers.includes(controller);
  return {
    ...(isAtLeast(apiVersion, 1, 25) ? {} : { ExecutionDriver: '<not supported>' }), ID: services.engineId,
    Containers: phases.length, ContainersRunning: count('running'), ContainersPaused: count('paused'), ContainersStopped: count('created', 'exited', 'dead', 'restarting'),
    Images: await services.images.count(),
    Driver: services.snapshotter.name, DriverStatus: [],
    Plugins: { Volume: ['local'], Network: ['bridge', 'host', 'null'], Authorization: null, Log: services.logDrivers.names.filter((name) => name !== 'none') },
    MemoryLimit: has('memory'), SwapLimit: has('memory'), CpuCfsPeriod: has('cpu'), CpuCfsQuota: has('cpu'), CPUShares: has('cpu'), CPUSet: has('cpuset'), PidsLimit: has('pids'),
    IPv4Forwarding: true, Debug: config.logLevel === 'debug', NFd: 0, OomKillDisable: cgroups.version === 1, NGoroutines: 0,
    SystemTime: new Date().toISOString(), LoggingDriver: services.logDrivers.fallback.type, CgroupDriver: 'cgroupfs', CgroupVersion: String(cgroups.version), NEventsListener: 0,
    KernelVersion: release(), OperatingSystem: osRelease['PRETTY_NAME'] ?? 'Linux', OSVersion: osRelease['VERSION_ID'] ?? '', OSType: 'linux',
    Architecture: { x64: 'x86_64', arm64: 'aarch64' }[arch() as string] ?? arch(),
    IndexServerAddress: 'https://index.docker.io/v1/', RegistryConfig: registryConfig(config), NCPU: cpus().length, MemTotal: totalmem(), GenericResources: null,
    DockerRootDir: config.dataRoot, HttpProxy: hideUser(proxies.http), HttpsProxy: hideUser(proxies.https), NoProxy: proxies.none, Name: hostname(), Labels: [...config.labels], ExperimentalBuild: false, ServerVersion: STRATA_VERSION,
    Runtimes: { [runtime.name]: { path: runtime.path } }, DefaultRuntime: runtime.name,
    Swarm: { NodeID: '', NodeAddr: '', LocalNodeState: 'inactive', ControlAvailable: false, Error: '', RemoteManagers: null },
    LiveRestoreEnabled: config.liveRestore, Isolation: '', InitBinary: '', ContainerdCommit: commit(''), RuncCommit: commit(runtime.version),
    InitCommit: commit(''), SecurityOptions: [...(services.seccomp ? ['name=seccomp,profile=builtin'] : []), ...(cgroups.version === 2 ? ['name=cgroupns'] : [])], ...(isAtLeast(apiVersion, 1, 44) ? { CDISpecDirs: [] } : {}), Warnings: [...services.warnings],
  };
}

function registryConfig(config: EngineConfig): InfoResponse['RegistryConfig'] {
  const insecure = config.insecureRegistries.filter((entry) => !entry.includes('/'));
  return {
    InsecureRegistryCIDRs: [...config.insecureRegistries.filter((entry) => entry.includes('/')), '127.0.0.0/8'],
    IndexConfigs: Object.fromEntries<InfoResponse['RegistryConfig']['IndexConfigs'][string]>([
      ['docker.io', { Name: 'docker.io', Mirrors: [...config.registryMirrors], Secure: true, Official: true }],
      ...insecure.map((name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }] satisfies [string, object]),
    ]),
    Mirrors: [...config.registryMirrors],
  };
}

/** os-release(5). */
function parseOsRelease(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/^([A-Z_]+)=(?:"([^"]*)"|'([^']*)'|(.*))$/gm)].map((match) => [match[1] ?? '', match[2] ?? match[3] ?? match[4] ?? '']));
}

const USAGE_TYPES = ['container', 'image', 'volume', 'build-cache'] as const;

/** Without `type` everything; with it, once or more, only that (API 1.42). @throws InvalidArgumentError for an unknown one */
async function diskUsage(services: SystemRouteServices, { query, version }: RouteContext): Promise<Record<string, unknown>> {
  const types = isAtLeast(version, 1, 42) ? query.getAll('type') : [];
  const unknown = types.find((type) => !USAGE_TYPES.some((known) => known === type));
  if (unknown !== undefined) throw new InvalidArgumentError(`unknown object type: ${unknown}`);
  const wants = (type: (typeof USAGE_TYPES)[number]): boolean => types.length === 0 || types.includes(type);
  const usage: DiskUsage = {
    ...(wants('image') ? { LayersSize: await layersSize(services.snapshotter), Images: await services.listImages(version) } : {}),
    ...(wants('container') ? { Containers: await containerUsage(services) } : {}),
    ...(wants('volume') ? { Volumes: await volumeUsage(services) } : {}),
    ...(wants('build-cache') ? { BuildCache: [] } : {}),
  };
  if (!isAtLeast(version, 1, 52)) return { ...usage, ...(isAtLeast(version, 1, 42) ? {} : { BuilderSize: 0 }) };
  const verbose = queryBoolean(query, 'verbose');
  return { ...(verbose ? {} : usage), ...summarizeUsage(usage, verbose) };
}

async function containerUsage({ registry, images, snapshotter }: SystemRouteServices): Promise<ContainerSummary[]> {
  const now = Date.now();
  return Promise.all(registry.list().map(async (container) => {
    const writable = await writableBytes(snapshotter, container.id);
    const image = await images.find(container.record.imageId).catch(() => undefined);
    return summarizeContainer(container, { imageName: container.record.config.Image ?? '', now, size: { writable, total: writable + (image?.sizeBytes ?? 0) } });
  }));
}

async function volumeUsage({ registry, volumes }: SystemRouteServices): Promise<UsedVolume[]> {
  return Promise.all(volumes.list().map(async (volume) => ({
    ...wireVolume(volume, volumes.path(volume.name)),
    UsageData: { Size: await volumes.usage(volume.name) ?? -1, RefCount: registry.list().filter(({ record }) => record.mounts.some((mount) => mount.name === volume.name)).length },
  })));
}

/** Every layer once, however many images have it. */
async function layersSize(snapshotter: Snapshotter): Promise<number> {
  let size = 0;
  for await (const snapshot of snapshotter.list()) if (snapshot.kind === 'committed') size += (await snapshotter.usage(snapshot.key)).bytes;
  return size;
}
