import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { cpus } from 'node:os';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConflictError, PermissionDeniedError, UnavailableError } from '../api/errors.ts';
import { Cleanup } from '../base/cleanup.ts';
import type { Logger } from '../base/log.ts';
import type { EngineConfig } from './config.ts';
import { changesOf, reloadAttributes, reloadedPart } from './config-reload.ts';
import { moveDefaultBridge } from './containers/bridge-move.ts';
import { ContainerCreator } from './containers/container-creator.ts';
import { ContainerNames } from './containers/container-names.ts';
import { ContainerNetwork } from './containers/container-network.ts';
import { containerPaths } from './containers/container-paths.ts';
import { ContainerRegistry } from './containers/container-registry.ts';
import { ContainerRemover } from './containers/container-remover.ts';
import { ContainerStore } from './containers/container-store.ts';
import { ContainerUpdater } from './containers/container-updater.ts';
import { Controls } from './containers/controls.ts';
import { Execs } from './containers/execs.ts';
import { ContainerCommitter } from './containers/files/container-committer.ts';
import { ContainerFiles } from './containers/files/container-files.ts';
import { ContainerViews } from './containers/files/container-views.ts';
import { HealthMonitor } from './containers/health/health-monitor.ts';
import { imagesOf } from './containers/image-use.ts';
import { Lifecycle } from './containers/lifecycle.ts';
import { LogForwards } from './containers/log-forwards.ts';
import { NetworkChanges } from './containers/network-changes.ts';
import { Recovery } from './containers/recovery.ts';
import { shutDown } from './containers/shutdown.ts';
import { openLogDrivers } from './logs/open-log-drivers.ts';
import { openCheck } from './check/open-check.ts';
import { TreeThreads } from './archive/tree/tree-threads.ts';
import { EventBus } from './events/event-bus.ts';
import { missingCapabilities, ownCapabilities } from './linux/capabilities.ts';
import { detectCgroups } from './linux/cgroup.ts';
import { detectCgroupFeatures } from './linux/cgroup-features.ts';
import { tryLock } from './linux/file-lock.ts';
import { deleteLink } from './linux/link.ts';
import { NetlinkSocket } from './linux/netlink.ts';
import { whyNoOverlay } from './linux/overlay-probe.ts';
import { BridgeDriver } from './network/bridge-driver.ts';
import { Firewall } from './network/firewall.ts';
import { chooseBridgeName, hasInterface } from './network/bridge-name.ts';
import { NameService } from './network/dns/name-service.ts';
import { LinkDriver } from './network/link-driver.ts';
import { Networks } from './network/networks.ts';
import { NetworkStore } from './network/network-store.ts';
import { PassiveDriver } from './network/passive-driver.ts';
import { PortAllocator } from './network/port-allocator.ts';
import { findRuntime } from './runtime/find-runtime.ts';
import { parseSeccompProfile, type SeccompProfile } from './runtime/seccomp.ts';
import { ShimRuntime } from './runtime/shim-runtime.ts';
import { formatApiVersion, NEWEST_API_VERSION } from './server/api-version.ts';
import { EngineServer } from './server/engine-server.ts';
import { inheritedSockets } from './linux/service-manager.ts';
import { listen, listenInherited } from './server/listener.ts';
import { Router } from './server/router.ts';
import { absentRoutes } from './server/routes/absent.ts';
import { containerStreamRoutes } from './server/routes/container-streams.ts';
import { containerStatsRoutes } from './server/routes/container-stats.ts';
import { containerFileRoutes } from './server/routes/container-files.ts';
import { containerRoutes } from './server/routes/containers.ts';
import { Explainer } from './explain/explainer.ts';
import { explainRoutes } from './server/routes/explain.ts';
import { eventRoutes } from './server/routes/events.ts';
import { execRoutes } from './server/routes/execs.ts';
import { networkRoutes } from './server/routes/networks.ts';
import { goArchitecture, systemRoutes } from './server/routes/system.ts';
import { volumeTransferRoutes } from './server/routes/volume-transfers.ts';
import { volumeRoutes } from './server/routes/volumes.ts';
import { STRATA_VERSION } from './server/version.ts';
import { NativeSnapshotter } from './snapshots/native-snapshotter.ts';
import { OverlaySnapshotter } from './snapshots/overlay-snapshotter.ts';
import type { Snapshotter } from './snapshots/snapshotter.ts';
import { openDatabase, type Database } from './store/database.ts';
import { LocalVolumeDriver } from './volumes/local-volume-driver.ts';
import { Volumes } from './volumes/volumes.ts';
import { VolumeStore } from './volumes/volume-store.ts';
import { VolumeTransfers } from './volumes/volume-transfers.ts';
import { ImageCommitter } from './images/make/image-committer.ts';
import { openImages } from './images/open-images.ts';
import { openTransfers } from './images/transfer/open-transfers.ts';
import { registryRoutes } from './server/routes/registry.ts';
import type { ImageListener } from './images/image.ts';
import { checkRoutes } from './server/routes/check.ts';
import { explorerRoutes } from './server/routes/explorer.ts';
import { imageRoutes } from './server/routes/images.ts';
import { wireSummary } from './server/routes/image-wire.ts';

const SECCOMP_PROFILES = ['/usr/share/containers/seccomp.json', '/opt/strata/seccomp.json'];

/** The engine, composed: the only place, with main.ts, that chooses implementations. */
export class Engine {
  readonly #stop: () => Promise<void>;
  readonly #reload: (next: EngineConfig) => { now: string[]; later: string[] };

  private constructor(parts: { stop: () => Promise<void>; reload: (next: EngineConfig) => { now: string[]; later: string[] } }) {
    this.#stop = parts.stop;
    this.#reload = parts.reload;
  }

  /** Takes over what may change while it runs. @returns what did change, and what waits for the next start. @throws InvalidArgumentError, and nothing changes */
  reload(next: EngineConfig): { now: string[]; later: string[] } {
    return this.#reload(next);
  }

  /** Ends containers (unless they are to go on), gives everything back, and resolves when nothing is left to do. */
  stop(): Promise<void> {
    return this.#stop();
  }

  /**
   * Starts an engine and finds its containers again. `config` is the engine's from then on: a reload changes it.
   * @throws PermissionDeniedError without the privileges, ConflictError when another engine has the data root, UnavailableError when
   * the machine lacks something
   */
  static async start(config: EngineConfig, log: Logger): Promise<Engine> {
    const startedAt = performance.now();
    checkPrivileges();
    mkdirSync(config.dataRoot, { recursive: true, mode: 0o711 });
    mkdirSync(config.execRoot, { recursive: true, mode: 0o711 });
    const lock = tryLock(join(config.dataRoot, 'lock'));
    if (!lock) throw new ConflictError(`another engine is using the data root ${config.dataRoot}: stop it, or choose another --data-root`);

    const database = openDatabase(join(config.dataRoot, 'engine.db'), log);
    const snapshotter = chooseSnapshotter(config, database, log);
    await snapshotter.recover();
    const cgroups = detectCgroups();
    const events = new EventBus();
    const registry = new ContainerRegistry(new ContainerStore(database), (id) => containerPaths(config, id));
    const finding = findRuntime({ wanted: config.runtime, shim: shimPath(), scratch: join(config.execRoot, 'probe'), log });
    finding.catch(() => undefined);
    const announceImage: ImageListener = ({ action, id, attributes }) => { events.publish({ type: 'image', action, id, attributes }); };
    const images = await openImages({
      config, database, snapshotter, log, architecture: goArchitecture(),
      users: (imageId) => registry.list().filter(({ record }) => imagesOf(record).includes(imageId)).map((container) => ({ containerId: container.id, running: container.running })),
      announce: announceImage,
    });
    const transfers = openTransfers({ config, ...images, announce: announceImage, version: STRATA_VERSION, log });

    const bridge = config.network.bridge === undefined ? chooseBridgeName(config.dataRoot) : { name: config.network.bridge, stale: false };
    if (config.network.bridge !== undefined && !hasInterface(bridge.name)) throw new UnavailableError(`bridge ${bridge.name} is not there: make it first (ip link add ${bridge.name} type bridge)`);
    if (bridge.stale) {
      using netlink = new NetlinkSocket();
      deleteLink(netlink, bridge.name);
    }
    const { firewall: hasFirewall, forward, relay } = config.network;
    const firewall = new Firewall(bridge.name, { isOff: !hasFirewall, log });
    const { dataRoot: owner } = config;
    const networks = new Networks({
      store: new NetworkStore(database), firewall, events, log, defaultBridge: { ...config.network, interfaceName: bridge.name, bip: config.bip, mtu: config.mtu, enableIpv6: config.network.ipv6 },
      drivers: [
        new BridgeDriver({ firewall, owner, forward, log }), new LinkDriver('macvlan', { owner, log }), new LinkDriver('ipvlan', { owner, log }), new PassiveDriver('host'), new PassiveDriver('null'),
      ],
    });
    const ports = new PortAllocator({ log, relays: !relay ? 'none' : hasFirewall ? 'ipv6' : 'all' });
    const nameService = new NameService(log);
    const names = new ContainerNames({ networks, service: nameService, dns: { servers: config.dns, search: config.dnsSearch, options: config.dnsOptions } });
    const network = new ContainerNetwork({ networks, ports, names });
    const volumes = new Volumes({
      store: new VolumeStore(database), driver: new LocalVolumeDriver(join(config.dataRoot, 'volumes')), events,
      usersOf: (name) => registry.list().filter(({ record }) => record.mounts.some((mount) => mount.name === name)).map(({ id }) => id),
    });

    const found = await finding;
    const runtime = new ShimRuntime({ name: found.name, path: found.path, shim: shimPath(), stateDirectory: join(config.execRoot, 'runtime'), log });
    const seccompProfile = readSeccompProfile(log);
    const remover = new ContainerRemover({ registry, snapshotter, volumes, images: { has: (id) => images.records.find(id) !== undefined, collect: () => images.collector.collect() }, events, log });
    const logDrivers = openLogDrivers(config.logging);
    const forwards = new LogForwards({ drivers: logDrivers, log });
    const lifecycle = new Lifecycle({
      registry, runtime, snapshotter, volumes, network, events, log, logDrivers, forwards, cgroupVersion: cgroups.version,
      boundingCapabilities: ownCapabilities().bounding, seccompProfile, architecture: goArchitecture(),
      remove: (container) => remover.removeLocked(container, true),
      health: { begin: (container, resumed) => { health.begin(container, resumed); }, end: (container) => { health.end(container); } },
    });
    const controls = new Controls({ registry, runtime, lifecycle, network, events, log });
    const execs = new Execs({ runtime, lifecycle, events, log });
    const health = new HealthMonitor({ registry, execs, events, log });
    const machine = { ...detectCgroupFeatures(cgroups, cpus().length), cgroupVersion: cgroups.version };
    const creator = new ContainerCreator({ registry, images: images.source, snapshotter, volumes, events, log, machine, logDrivers });
    const updater = new ContainerUpdater({ registry, runtime, events, log, machine });

    const threads = new TreeThreads();
    const views = new ContainerViews({ registry, snapshotter, volumes, home: join(config.execRoot, 'v'), log });
    await views.recover();
    const files = new ContainerFiles({ views, threads, layering: snapshotter.layering, events });
    const committer = new ContainerCommitter({ files, pausing: controls, events, images: new ImageCommitter({ ...images, announce: announceImage }) });

    const recovery = new Recovery({ registry, runtime, lifecycle, network, snapshotter, volumes, dataRoot: config.dataRoot, execRoot: config.execRoot, log });
    const survey = await recovery.survey();
    // A start that fails leaves the kernel as it was; containers that run keep their network.
    await using undo = new Cleanup((error) => { log.warn('cannot undo the start', { error }); });
    undo.push(() => takeDownNetworks(registry, networks, firewall));
    await networks.recover(survey.endpoints);
    await recovery.resume(survey);
    await moveDefaultBridge({ registry, networks, controls, lifecycle, log });

    const router = new Router([
      ...systemRoutes({
        config, engineId: engineId(database), logDrivers, registry, images: images.source, listImages: async (version) => images.service.list({ filters: new Map(), all: false, sharedSize: true, containers: true }).map((image) => wireSummary(image, version)), snapshotter, volumes, cgroups, runtime: found, seccomp: seccompProfile !== undefined, warnings: [],
      }),
      ...containerRoutes({ registry, creator, lifecycle, controls, remover, updater, execs, images: images.source, snapshotter, events, architecture: goArchitecture() }),
      ...containerFileRoutes({ registry, files, committer }),
      ...containerStatsRoutes({ registry, cgroupVersion: cgroups.version }),
      ...imageRoutes({ images: images.service }), ...explorerRoutes({ explorer: images.explorer }), ...registryRoutes(transfers),
      ...eventRoutes({ events }), ...containerStreamRoutes({ registry, events, log, logDrivers }), ...execRoutes({ registry, execs }), ...networkRoutes({ networks, registry, events, changes: new NetworkChanges({ registry, networks, network }) }), ...volumeRoutes({ volumes, events }), ...volumeTransferRoutes({ volumes, transfers: new VolumeTransfers({ volumes, threads, log }) }),
      ...explainRoutes({ registry, explainer: new Explainer({ registry, lifecycle, images: images.source, cgroupVersion: cgroups.version, logDrivers, log }) }),
      ...checkRoutes({ check: openCheck({ config, database, snapshotter, registry, images, log }) }),
      ...absentRoutes(),
    ]);
    const server = new EngineServer({
      router, log,
      headers: { 'Api-Version': formatApiVersion(NEWEST_API_VERSION), Ostype: 'linux', Server: `Strata/${STRATA_VERSION} (linux)`, 'Docker-Experimental': 'false' },
    });
    const listeners: Server[] = [];
    for (const host of config.hosts) {
      if (host.kind === 'inherited') for (const fd of inheritedSockets()) listeners.push(await listenInherited(fd, { accept: server.accept, log }));
      else listeners.push(await listen(host, { accept: server.accept, log, ...(config.tls ? { tls: config.tls } : {}) }));
    }
    log.info('engine has started', { version: STRATA_VERSION, runtime: found.name, runtimeVersion: found.version, storage: snapshotter.name, cgroups: cgroups.hybrid ? 'hybrid' : cgroups.version, ms: Math.round(performance.now() - startedAt) });
    undo.disarm();
    void recovery.startByPolicy();

    const reload = (next: EngineConfig): { now: string[]; later: string[] } => {
      const changes = changesOf(config, next);
      transfers.reload(next);
      Object.assign(config, reloadedPart(next));
      events.publish({ type: 'daemon', action: 'reload', id: engineId(database), attributes: reloadAttributes(config, { hostname: hostname(), runtime: found.name }) });
      return changes;
    };
    return new Engine({ reload, stop: async () => {
      for (const listener of listeners) listener.close();
      lifecycle.close();
      health.close();
      if (!config.liveRestore) {
        await shutDown({ registry, controls, timeoutSeconds: config.shutdownTimeoutSeconds, log });
        await takeDownNetworks(registry, networks, firewall);
      }
      await forwards.close();
      firewall.close();
      server.close();
      transfers[Symbol.dispose]();
      await views[Symbol.asyncDispose]();
      await threads[Symbol.asyncDispose]();
      await nameService[Symbol.asyncDispose]();
      await images.close();
      database.close();
      lock[Symbol.dispose]();
    } });
  }
}

async function takeDownNetworks(registry: ContainerRegistry, networks: Networks, firewall: Firewall): Promise<void> {
  if (registry.list().some((container) => container.running)) return;
  await networks.dismantle();
  await firewall.remove();
}

function checkPrivileges(): void {
  if (process.getuid?.() !== 0) throw new PermissionDeniedError('stratad must be run as root (try sudo)');
  const missing = missingCapabilities(ownCapabilities().effective);
  if (missing.length > 0) throw new PermissionDeniedError(`stratad lacks the privileges ${missing.join(', ')}: it cannot run inside an unprivileged container`);
}

/** Beside the bundle, or, when the sources are run, where the build puts it. */
function shimPath(): string {
  const beside = fileURLToPath(new URL('./strata-shim', import.meta.url));
  const path = existsSync(beside) ? beside : fileURLToPath(new URL('../../dist/engine/strata-shim', import.meta.url));
  if (!existsSync(path)) throw new UnavailableError(`strata-shim is missing at ${path}: run npm run build`);
  return path;
}

function chooseSnapshotter(config: EngineConfig, database: Database, log: Logger): Snapshotter {
  const refusal = config.storageDriver === 'native' ? undefined : whyNoOverlay(config.dataRoot);
  if (config.storageDriver === 'overlay' && refusal !== undefined) throw new UnavailableError(`overlay cannot be used on ${config.dataRoot}: ${refusal}; choose a data root on another file system, or "storage-driver": "native"`);
  const before = readValue(database, 'storage-driver');
  const name = config.storageDriver ?? before ?? (refusal === undefined ? 'overlay' : 'native');
  if (before !== undefined && before !== name) throw new ConflictError(`the data root ${config.dataRoot} was made with storage driver ${before}: choose it again, or another --data-root`);
  if (name === 'overlay' && refusal !== undefined) throw new UnavailableError(`overlay no longer works on ${config.dataRoot}: ${refusal}`);
  if (refusal !== undefined) log.warn('overlay cannot be used here: images and containers are copied, which is slow and takes room', { dataRoot: config.dataRoot, reason: refusal });
  writeValue(database, 'storage-driver', name);
  return name === 'overlay' ? new OverlaySnapshotter(database, join(config.dataRoot, 'overlay')) : new NativeSnapshotter(database, join(config.dataRoot, 'native'));
}

function readSeccompProfile(log: Logger): SeccompProfile | undefined {
  const path = SECCOMP_PROFILES.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    log.warn('no seccomp profile: system calls of containers are not filtered', { remedy: 'install golang-github-containers-common' });
    return undefined;
  }
  return parseSeccompProfile(readFileSync(path, 'utf8'), path);
}

function engineId(database: Database): string {
  const id = readValue(database, 'id') ?? randomUUID();
  writeValue(database, 'id', id);
  return id;
}

function readValue(database: Database, key: string): string | undefined {
  return database.get<{ value: string }>('SELECT value FROM engine WHERE key = ?', key)?.value;
}

function writeValue(database: Database, key: string, value: string): void {
  database.run('INSERT INTO engine (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value', key, value);
}
