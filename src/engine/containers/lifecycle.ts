import { setTimeout as sleep } from 'node:timers/promises';
import { ConflictError, messageOf, NotModifiedError } from '../../api/errors.ts';
import { Cleanup } from '../../base/cleanup.ts';
import type { Logger } from '../../base/log.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { OciSpec } from '../runtime/oci-spec.ts';
import { unmountAll } from '../linux/mount.ts';
import type { SeccompProfile } from '../runtime/seccomp.ts';
import type { EndpointRecord } from '../network/network-record.ts';
import { buildSpec, type SpecInput } from '../runtime/spec.ts';
import type { ExitStatus, LogFileOptions, ProcessStreams, RunningProcess, Runtime } from '../runtime/runtime.ts';
import { resolveUser } from '../runtime/user.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import type { Volumes } from '../volumes/volumes.ts';
import type { LogPlan } from '../logs/log-driver.ts';
import type { LogDrivers } from '../logs/log-drivers.ts';
import { announce } from './container-events.ts';
import { logPath, planLog } from './container-log.ts';
import { nameMounts, ociMounts, outerFirst, prepareSources, removeDirectory } from './container-mounts.ts';
import { hostnameOf, type ConnectedNetwork, type ContainerNetwork } from './container-network.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { Container } from './container.ts';
import { startFailureCode } from './exit-code.ts';
import { makeInitFiles } from './init-files.ts';
import { resolveLinks } from './links.ts';
import type { LogForwards } from './log-forwards.ts';
import { clearPlaces, openPlaces, placedMounts } from './mount-places.ts';
import { decideRestart, parseRestartPolicy } from './restart-policy.ts';
import { mountRootfs, mountShm, unmountRootfs } from './rootfs.ts';
import { findInit, nameOwner, networkDonor, resolveSharing } from './sharing.ts';
import { StartTimer } from './start-timer.ts';

export interface LifecycleOptions {
  registry: ContainerRegistry;
  runtime: Runtime;
  snapshotter: Snapshotter;
  volumes: Volumes;
  network: ContainerNetwork;
  events: EventBus;
  log: Logger;
  logDrivers: LogDrivers;
  forwards: LogForwards;
  cgroupVersion: 1 | 2;
  boundingCapabilities: bigint;
  seccompProfile: SeccompProfile | undefined;
  /** `amd64` or `arm64`. */
  architecture: string;
  /** Told of every container that runs, and of its end. */
  health: { begin: (container: Container, resumed: boolean) => void; end: (container: Container) => void };
  /** Removes a container that wanted to be removed at its end; the container's lock is held. */
  remove: (container: Container) => Promise<void>;
}

/** Starts containers and sees them end. */
export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #delays = new Map<string, number>();
  /** Set when the engine ends: nothing is started again. */
  #closing = false;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /**
   * Starts a container that does not run.
   * @throws NotModifiedError when it runs already; ConflictError when it is paused or being removed; whatever made the start fail
   */
  async start(container: Container): Promise<void> {
    container.cancelRestart?.();
    await this.#options.registry.lock.run(container.id, async () => {
      if (container.removing) throw new ConflictError(`container ${container.record.name} is being removed and cannot be started`);
      if (container.record.state.phase === 'paused') throw new ConflictError('cannot start a paused container, try unpause instead');
      if (container.running) throw new NotModifiedError(`container ${container.record.name} is already running`);
      this.#options.registry.update(container, { stoppedByUser: false, restartCount: 0 });
      this.#delays.delete(container.id);
      await this.#startLocked(container);
    });
  }

  async #startLocked(container: Container): Promise<void> {
    const { registry, log } = this.#options;
    const startedAt = performance.now();
    try {
      await this.#run(container);
    } catch (error) {
      const exitCode = startFailureCode(error);
      registry.move(container, { type: 'start-failed', exitCode, error: messageOf(error) }, { endpoints: [] });
      container.abandonEarlyClients();
      container.announceExit({ exitCode });
      if (container.record.hostConfig.AutoRemove === true) await this.#options.remove(container);
      throw error;
    }
    log.info('container started', { id: container.id, name: container.record.name, pid: container.record.state.pid, ms: Math.round(performance.now() - startedAt) });
  }

  /** The whole way of a start; every step pushes its undo. */
  async #run(container: Container): Promise<void> {
    const { registry, runtime, snapshotter, network, events, log } = this.#options;
    const { paths } = container;
    // Refused before anything is made.
    const donor = networkDonor(container, registry);
    const extras = this.#extras(container);
    const links = resolveLinks(container.record, registry);
    const logging = planLog(container, this.#options.logDrivers);
    await using undo = new Cleanup((error) => { log.warn('cannot undo a start', { id: container.id, error }); });
    const forward = await this.#options.forwards.open(container, logging);
    undo.push(() => { forward?.abandon(); });
    undo.push(() => removeDirectory(paths.runDirectory));
    const trace = new StartTimer();
    await Promise.all([mountRootfs(snapshotter, container), prepareSources(container.record.mounts)]);
    undo.push(() => unmountRootfs(container));
    makeInitFiles(paths.rootfs);
    await openPlaces(container, { holder: container.id, places: paths.places, volumes: this.#options.volumes, snapshotter }, undo);
    if (container.record.hostConfig.IpcMode === 'shareable') {
      mountShm(container);
      undo.push(() => unmountAll(paths.shm));
    }
    if (donor) registry.update(container, { config: { ...container.record.config, Hostname: hostnameOf(donor.record) } });
    trace.lap('rootfsMs');
    const connected = await network.connect(container, undo, { donor, linked: links.hosts });
    trace.lap('networkMs');
    const spec = buildSpec({ ...this.specInput(container, connected), ...extras });
    trace.lap('specMs');
    const process = await runtime.start({
      containerId: container.id, bundle: paths.bundle, processDirectory: paths.process, spec, ...this.#stdio(container, logging),
      beforeStart: (streams) => this.#connectEarlyClients(container, streams),
    });
    undo.disarm();
    trace.lap('runtimeMs');
    container.lastSignal = undefined;
    registry.move(container, { type: 'started', pid: process.pid, at: Date.now() }, { endpoints: connected.endpoints, startTrace: trace.done() });
    this.watch(container, process, false);
    forward?.begin();
    this.#announceVolumes(container, 'mount');
    announce(events, container.record, 'start');
    await this.#tellLinked(container);
  }

  /** What it takes from others, and its init. @throws ConflictError when one of the others does not run */
  #extras(container: Container): Pick<SpecInput, 'shared' | 'shm' | 'init'> {
    const { shm, ...shared } = resolveSharing(container, this.#options.registry);
    const { Init: init, PidMode: pidMode = '' } = container.record.hostConfig;
    return { shared, ...(shm ? { shm } : {}), ...(init === true && pidMode === '' ? { init: findInit() } : {}) };
  }

  /** For what is started later, as far as the linked containers still run. */
  #linkedEnvironment({ record }: Container): readonly string[] {
    try {
      return resolveLinks(record, this.#options.registry).env;
    } catch (error) {
      if (error instanceof ConflictError) return [];
      throw error;
    }
  }

  /** Containers with a link to this one learn its new address. */
  async #tellLinked(child: Container): Promise<void> {
    const { registry, network, log } = this.#options;
    for (const parent of registry.list()) {
      if (!parent.running || !parent.record.links?.some((link) => link.containerId === child.id)) continue;
      try {
        await network.updateHosts(parent, resolveLinks(parent.record, registry).hosts);
      } catch (error) {
        log.warn('a linked container cannot be told of an address', { id: parent.id, error });
      }
    }
  }

  /**
   * The spec of the next start of a container that does not run; its root file system is mounted for a moment.
   * @throws ConflictError when it runs, and whatever the start would throw
   */
  planSpec(container: Container): Promise<OciSpec> {
    const { registry, snapshotter } = this.#options;
    return registry.lock.run(container.id, async () => {
      if (container.running) throw new ConflictError(`container ${container.record.name} has been started meanwhile`);
      try {
        await mountRootfs(snapshotter, container);
        const { record, paths } = nameOwner(container, registry);
        return buildSpec({ ...this.specInput(container, { namespace: record.hostConfig.NetworkMode === 'host' ? undefined : paths.networkNamespace }), ...this.#extras(container) });
      } finally {
        await unmountRootfs(container);
        await removeDirectory(container.paths.runDirectory);
      }
    });
  }

  /** Everything that decides the OCI spec of this container; needs its root file system mounted. */
  specInput(container: Container, connected: Pick<ConnectedNetwork, 'namespace'>): SpecInput {
    const { record, paths } = container;
    const { cgroupVersion, boundingCapabilities, seccompProfile, architecture } = this.#options;
    return {
      containerId: record.id, config: record.config, hostConfig: record.hostConfig, args: record.args, hostname: hostnameOf(record), rootfs: paths.rootfs,
      user: resolveUser(paths.rootfs, record.config.User ?? '', record.hostConfig.GroupAdd ?? []), networkNamespace: connected.namespace,
      mounts: outerFirst([...nameMounts(record.mounts, nameOwner(container, this.#options.registry).paths, record.hostConfig.ReadonlyRootfs === true), ...ociMounts(placedMounts(record.mounts, paths.places))]), cgroupVersion, boundingCapabilities,
      architecture, ...(seccompProfile ? { seccompProfile } : {}), linkedEnv: this.#linkedEnvironment(container),
    };
  }

  #stdio(container: Container, logging: LogPlan): { stdio: { tty: boolean; openStdin: boolean; stdinOnce: boolean; consoleSize?: { columns: number; rows: number } }; logFile?: LogFileOptions } {
    const { config, hostConfig } = container.record;
    const [rows = 0, columns = 0] = hostConfig.ConsoleSize ?? [];
    return {
      stdio: { tty: config.Tty === true, openStdin: config.OpenStdin === true, stdinOnce: config.StdinOnce === true, ...(rows > 0 && columns > 0 ? { consoleSize: { columns, rows } } : {}) },
      ...(logging.file ? { logFile: { ...logging.file, path: logPath(container) } } : {}),
    };
  }

  async #connectEarlyClients(container: Container, streams: ProcessStreams): Promise<void> {
    const clients = [...container.earlyClients];
    container.earlyClients.clear();
    for (const client of clients) await client.connect(streams);
  }

  #announceVolumes(container: Container, action: 'mount' | 'unmount'): void {
    for (const mount of container.record.mounts) {
      if (mount.name === undefined) continue;
      this.#options.volumes.announceMount(action, mount.name, {
        container: container.id, ...(action === 'mount' ? { destination: mount.destination, propagation: mount.propagation, 'read/write': String(!mount.readOnly) } : {}),
      });
    }
  }

  /** Of a container that an earlier engine has started: what is to be sent on of its log and has not been. */
  resumeLog(container: Container): void {
    this.#options.forwards.resume(container);
  }

  /** Follows a process that runs, until it has ended and everything of it is cleared away. */
  watch(container: Container, process: RunningProcess, resumed: boolean): void {
    container.process = process;
    this.#options.health.begin(container, resumed);
    void process.exited.then((exit) => this.handleExit(container, exit)).catch((error: unknown) => {
      this.#options.log.error('cannot handle the end of a container', { id: container.id, error });
    });
  }

  /** Records an end, clears away what the run has left, and does what the policy says. */
  async handleExit(container: Container, exit: ExitStatus): Promise<void> {
    await this.#options.registry.lock.run(container.id, async () => {
      const { registry, events, log } = this.#options;
      const { startedAt } = container.record.state;
      const ranMs = Math.max(0, exit.at - startedAt);
      container.process = undefined;
      this.#options.health.end(container);
      await this.#options.forwards.drain(container);
      const { endpoints } = container.record;
      registry.move(container, { type: 'exited', exitCode: exit.code, at: exit.at, oomKilled: exit.oomKilled }, { endpoints: [], lastEnd: { ...container.lastSignal, ...(exit.unknown ? { unknown: true } : {}) } });
      const autoRemove = container.record.hostConfig.AutoRemove === true;
      // Nobody is to see it as ended for good in between; the start itself waits for this lock.
      if (!autoRemove) this.#maybeRestart(container, ranMs);
      log.info('container ended', { id: container.id, name: container.record.name, exitCode: exit.code, oomKilled: exit.oomKilled || undefined });
      if (exit.oomKilled) announce(events, container.record, 'oom');
      announce(events, container.record, 'die', { exitCode: String(exit.code), execDuration: String(Math.floor(ranMs / 1000)) });
      // Whoever waits for the end may use its ports and addresses at once: they are given back first.
      await this.#clear(container, endpoints);
      this.#announceVolumes(container, 'unmount');
      container.announceExit({ exitCode: exit.code });
      if (autoRemove) await this.#options.remove(container);
    });
  }

  /** Takes apart what a run has made. Tries everything. */
  async #clear(container: Container, endpoints: readonly EndpointRecord[]): Promise<void> {
    const { runtime, network, log } = this.#options;
    const results = await Promise.allSettled([runtime.delete(container.id), network.disconnect(container, endpoints), unmountRootfs(container), unmountAll(container.paths.shm), this.#leaveMounts(container)]);
    for (const result of results) {
      if (result.status === 'rejected') log.error('cannot clear a container away', { id: container.id, error: result.reason });
    }
    await removeDirectory(container.paths.runDirectory).catch((error: unknown) => { log.warn('cannot remove a run directory', { id: container.id, error }); });
  }

  async #leaveMounts({ id, record, paths }: Container): Promise<void> {
    await clearPlaces(paths.places);
    for (const { name } of record.mounts) if (name !== undefined) await this.#options.volumes.detach(name, id);
  }

  #maybeRestart(container: Container, ranMs: number): void {
    const { record } = container;
    if (this.#closing) return;
    const restart = decideRestart(parseRestartPolicy(record.hostConfig.RestartPolicy), {
      exitCode: record.state.exitCode, ranMs, restartCount: record.restartCount, previousDelayMs: this.#delays.get(record.id) ?? 0,
      stoppedByUser: record.stoppedByUser || container.stopping,
    });
    if (!restart) return;
    this.#delays.set(record.id, restart.delayMs);
    this.#options.registry.move(container, { type: 'restarting' }, { restartCount: record.restartCount + 1 });
    void this.#restartLater(container, restart.delayMs);
  }

  /** Brings a container that its policy wants back, after a delay that anybody may cut short. */
  async #restartLater(container: Container, delayMs: number): Promise<void> {
    const { registry, log } = this.#options;
    const cancelled = new AbortController();
    container.cancelRestart = () => { cancelled.abort(); };
    await sleep(delayMs, undefined, { signal: cancelled.signal }).catch(() => undefined);
    await registry.lock.run(container.id, async () => {
      container.cancelRestart = undefined;
      if (container.record.state.phase !== 'restarting') return;
      if (cancelled.signal.aborted || container.removing || this.#closing) {
        registry.move(container, { type: 'given-up' });
        return;
      }
      await this.#startLocked(container).catch((error: unknown) => { log.warn('container cannot be restarted', { id: container.id, error }); });
    });
  }

  /** From now on nothing is started again. */
  close(): void {
    this.#closing = true;
    for (const container of this.#options.registry.list()) container.cancelRestart?.();
  }
}
