import { arch, cpus, hostname, release, totalmem } from 'node:os';
import { readFile } from 'node:fs/promises';
import { InvalidArgumentError } from '../../../api/errors.ts';
import type { EventMessage, InfoResponse, VersionResponse } from '../../../api/wire/system.ts';
import type { EngineConfig } from '../../config.ts';
import type { ContainerRegistry } from '../../containers/container-registry.ts';
import { snapshotKey } from '../../containers/rootfs.ts';
import type { EventBus, TimedEvent } from '../../events/event-bus.ts';
import { EVENT_FILTERS, matchesEvent } from '../../events/event-filter.ts';
import type { ImageSource } from '../../images/image.ts';
import type { CgroupMode } from '../../linux/cgroup.ts';
import type { Snapshotter } from '../../snapshots/snapshotter.ts';
import { directoryBytes } from '../../volumes/usage.ts';
import type { Volumes } from '../../volumes/volumes.ts';
import { STRATA_VERSION } from '../version.ts';
import { type ApiVersion, formatApiVersion, isAtLeast, NEWEST_API_VERSION, OLDEST_API_VERSION } from '../api-version.ts';
import { parseFilters } from '../../filters.ts';
import { queryTime } from '../query.ts';
import type { Route, RouteContext } from '../route.ts';
import { summarizeContainer } from './container-wire.ts';
import { writeAll } from './container-streams.ts';
import { wireVolume } from './volumes.ts';

export interface SystemRouteServices {
  config: EngineConfig;
  /** Stays the same as long as the data root. */
  engineId: string;
  registry: ContainerRegistry;
  images: ImageSource;
  /** The images as `GET /images/json` gives them, for `system df`. */
  listImages: () => Promise<unknown[]>;
  snapshotter: Snapshotter;
  volumes: Volumes;
  events: EventBus;
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
    { method: 'GET', path: '/info', handler: async (context) => { context.json(200, await info(services)); } },
    { method: 'GET', path: '/events', handler: (context) => events(services, context) },
    { method: 'GET', path: '/system/df', handler: async (context) => { context.json(200, await diskUsage(services, context.version)); } },
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

async function info(services: SystemRouteServices): Promise<InfoResponse> {
  const { config, registry, cgroups, runtime } = services;
  const phases = registry.list().map((container) => container.record.state.phase);
  const count = (...wanted: readonly string[]): number => phases.filter((phase) => wanted.includes(phase)).length;
  const osRelease = parseOsRelease(await readFile('/etc/os-release', 'utf8').catch(() => ''));
  const has = (controller: string): boolean => cgroups.controllers.includes(controller);
  return {
    ID: services.engineId,
    Containers: phases.length, ContainersRunning: count('running'), ContainersPaused: count('paused'), ContainersStopped: count('created', 'exited', 'dead', 'restarting'),
    Images: await services.images.count(),
    Driver: services.snapshotter.name, DriverStatus: [],
    Plugins: { Volume: ['local'], Network: ['bridge', 'host', 'null'], Authorization: null, Log: ['json-file', 'local', 'none'] },
    MemoryLimit: has('memory'), SwapLimit: has('memory'), CpuCfsPeriod: has('cpu'), CpuCfsQuota: has('cpu'), CPUShares: has('cpu'), CPUSet: has('cpuset'), PidsLimit: has('pids'),
    IPv4Forwarding: true, Debug: config.logLevel === 'debug', NFd: 0, OomKillDisable: cgroups.version === 1, NGoroutines: 0,
    SystemTime: new Date().toISOString(), LoggingDriver: 'local', CgroupDriver: 'cgroupfs', CgroupVersion: String(cgroups.version), NEventsListener: 0,
    KernelVersion: release(), OperatingSystem: osRelease['PRETTY_NAME'] ?? 'Linux', OSVersion: osRelease['VERSION_ID'] ?? '', OSType: 'linux',
    Architecture: { x64: 'x86_64', arm64: 'aarch64' }[arch() as string] ?? arch(),
    IndexServerAddress: 'https://index.docker.io/v1/', RegistryConfig: registryConfig(config), NCPU: cpus().length, MemTotal: totalmem(), GenericResources: null,
    DockerRootDir: config.dataRoot, HttpProxy: '', HttpsProxy: '', NoProxy: '', Name: hostname(), Labels: [...config.labels], ExperimentalBuild: false, ServerVersion: STRATA_VERSION,
    Runtimes: { [runtime.name]: { path: runtime.path } }, DefaultRuntime: runtime.name,
    Swarm: { NodeID: '', NodeAddr: '', LocalNodeState: 'inactive', ControlAvailable: false, Error: '', RemoteManagers: null },
    LiveRestoreEnabled: config.liveRestore, Isolation: '', InitBinary: '', ContainerdCommit: { ID: '', Expected: '' }, RuncCommit: { ID: runtime.version, Expected: runtime.version },
    InitCommit: { ID: '', Expected: '' }, SecurityOptions: [...(services.seccomp ? ['name=seccomp,profile=builtin'] : []), ...(cgroups.version === 2 ? ['name=cgroupns'] : [])], CDISpecDirs: [], Warnings: [...services.warnings],
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

async function events(services: SystemRouteServices, context: RouteContext): Promise<void> {
  const { query, signal } = context;
  const [sinceNs, untilNs] = [queryTime(query, 'since'), queryTime(query, 'until')];
  if (sinceNs !== undefined && untilNs !== undefined && sinceNs > untilNs) throw new InvalidArgumentError(`since time (${query.get('since') ?? ''}) cannot be after until time (${query.get('until') ?? ''})`);
  const filters = parseFilters(query, EVENT_FILTERS);
  const format = eventFormat(context);
  const queue: TimedEvent[] = [];
  let wake: (() => void) | undefined;
  const stop = services.events.subscribe((event) => {
    queue.push(event);
    wake?.();
  });
  try {
    const response = context.streamHead(200, { 'content-type': format.type });
    if (sinceNs !== undefined || untilNs !== undefined) queue.unshift(...services.events.past({ sinceNs, untilNs }));
    const over = new AbortController();
    const timer = untilNs === undefined ? undefined : setTimeout(() => { over.abort(); }, Math.min(Math.max(0, Number(untilNs / 1_000_000n) - Date.now()), 2 ** 31 - 1));
    const wakeUp = (): void => { wake?.(); };
    signal.addEventListener('abort', wakeUp);
    over.signal.addEventListener('abort', wakeUp);
    while (!signal.aborted) {
      for (const event of queue.splice(0)) {
        if (matchesEvent(filters, event)) await writeAll(response, format.prefix + JSON.stringify(wireEvent(event, context.version)) + '\n', signal);
      }
      if (over.signal.aborted) break;
      if (queue.length > 0) continue;
      const waiting = Promise.withResolvers<undefined>();
      wake = () => { waiting.resolve(undefined); };
      await waiting.promise;
    }
    clearTimeout(timer);
    response.end();
  } finally {
    stop();
  }
}

function eventFormat(context: RouteContext): { type: string; prefix: string } {
  if (!isAtLeast(context.version, 1, 52)) return { type: 'application/json', prefix: '' };
  const accept = context.headers.accept ?? '';
  if (accept.includes('application/json-seq')) return { type: 'application/json-seq', prefix: '\u001e' };
  return { type: accept.includes('application/x-ndjson') ? 'application/x-ndjson' : 'application/jsonl', prefix: '' };
}

export function wireEvent(event: TimedEvent, apiVersion: ApiVersion): EventMessage {
  const { type, action, id, attributes, timeNs } = event;
  const image = type === 'container' ? attributes['image'] : undefined;
  const legacy = isAtLeast(apiVersion, 1, 52) || (type !== 'container' && type !== 'image') ? {} : { status: action, id, ...(image === undefined ? {} : { from: image }) };
  return { ...legacy, Type: type, Action: action, Actor: { ID: id, Attributes: { ...attributes } }, scope: 'local', time: Number(timeNs / 1_000_000_000n), timeNano: Number(timeNs) };
}

async function diskUsage(services: SystemRouteServices, apiVersion: ApiVersion): Promise<Record<string, unknown>> {
  const { registry, images, snapshotter, volumes, listImages } = services;
  const now = Date.now();
  const list = await listImages();
  const containers = await Promise.all(registry.list().map(async (container) => {
    const usage = await snapshotter.usage(snapshotKey(container.id)).catch(() => ({ bytes: 0 }));
    const image = await images.find(container.record.imageId).catch(() => undefined);
    return summarizeContainer(container, { imageName: container.record.config.Image ?? '', now, size: { writable: usage.bytes, total: usage.bytes + (image?.sizeBytes ?? 0) } });
  }));
  const volumeList = await Promise.all(volumes.list().map(async (volume) => ({
    ...wireVolume(volume, volumes.path(volume.name)),
    UsageData: { Size: await directoryBytes(volumes.path(volume.name)), RefCount: registry.list().filter(({ record }) => record.mounts.some((mount) => mount.name === volume.name)).length },
  })));
  let layers = 0;
  for await (const snapshot of snapshotter.list()) if (snapshot.kind === 'committed') layers += (await snapshotter.usage(snapshot.key)).bytes;
  return { LayersSize: layers, Images: list, Containers: containers, Volumes: volumeList, BuildCache: [], ...(isAtLeast(apiVersion, 1, 42) ? {} : { BuilderSize: 0 }) };
}
