import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NotFoundError } from '../../api/errors.ts';
import type { Logger } from '../../base/log.ts';
import { cgroupProcesses } from '../linux/cgroup.ts';
import { deleteNetworkNamespace } from '../linux/network-namespace.ts';
import { unmountAll } from '../linux/mount.ts';
import type { EndpointRecord } from '../network/network-record.ts';
import type { ExitStatus, RunningProcess, Runtime } from '../runtime/runtime.ts';
import { cgroupPath } from '../runtime/spec.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import type { Volumes } from '../volumes/volumes.ts';
import { endProbes } from './execs.ts';
import { removeDirectory } from './container-mounts.ts';
import type { ContainerNetwork } from './container-network.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { Container } from './container.ts';
import type { Lifecycle } from './lifecycle.ts';
import { clearPlaces } from './mount-places.ts';
import { parseRestartPolicy, startsWithEngine } from './restart-policy.ts';
import { containerOfKey } from './rootfs.ts';

const ATTEMPTS = 10;
const ATTEMPT_PAUSE_MS = 200;

export interface RecoveryOptions {
  registry: ContainerRegistry;
  runtime: Runtime;
  lifecycle: Lifecycle;
  network: ContainerNetwork;
  snapshotter: Snapshotter;
  volumes: Volumes;
  dataRoot: string;
  execRoot: string;
  log: Logger;
}

/** What an engine that has just started knows of the containers that an earlier one left running. */
export interface Survey {
  running: readonly { container: Container; process: RunningProcess }[];
  ended: readonly { container: Container; exit: ExitStatus }[];
  /** In use, so that the networks can be set up around them. */
  endpoints: readonly EndpointRecord[];
}

/** Looks after the containers of an engine that has gone: those that run on, those that ended meanwhile, and what was left lying about. */
export class Recovery {
  readonly #options: RecoveryOptions;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** Asks the runtime about every container that was running. Changes nothing. */
  async survey(): Promise<Survey> {
    const { registry } = this.#options;
    const running: { container: Container; process: RunningProcess }[] = [];
    const ended: { container: Container; exit: ExitStatus }[] = [];
    await Promise.all(registry.list().filter((container) => container.running).map(async (container) => {
      const found = await this.#ask(container);
      if (found !== undefined && 'exited' in found) running.push({ container, process: found });
      else ended.push({ container, exit: found ?? { code: 255, at: Date.now(), oomKilled: false, unknown: true } });
    }));
    return { running, ended, endpoints: running.flatMap(({ container }) => container.record.endpoints) };
  }

  /** A shim that cannot be reached for a moment is not a container that has ended: while its processes are there, it is asked again. */
  async #ask(container: Container): Promise<RunningProcess | ExitStatus | undefined> {
    const { runtime, log } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      const found = await runtime.recover(container.paths.process);
      const alive = found === undefined && cgroupProcesses(cgroupPath(container.id, container.record.hostConfig)).length > 0;
      if (!alive || attempt === ATTEMPTS) {
        if (found === undefined) log.warn('nothing is known of a container that was running', { id: container.id, name: container.record.name, alive });
        return found;
      }
      await sleep(ATTEMPT_PAUSE_MS);
    }
  }

  /** Takes up what was found. Networks must be set up. */
  async resume(survey: Survey): Promise<void> {
    const { lifecycle, network, runtime, volumes, log } = this.#options;
    for (const { container } of [...survey.running, ...survey.ended]) lifecycle.resumeLog(container);
    for (const { container, process } of survey.running) {
      await network.adopt(container).catch((error: unknown) => { log.warn('names cannot be resolved in a container', { id: container.id, error }); });
      for (const { name } of container.record.mounts) if (name !== undefined) volumes.adopt(name, container.id);
      // Not waited for: one that hangs in the kernel must not keep the engine from starting.
      void endProbes(container, runtime).catch((error: unknown) => { log.warn('cannot end a health check', { id: container.id, error }); });
      lifecycle.watch(container, process, true);
      log.info('container found running', { id: container.id, name: container.record.name, pid: process.pid });
    }
    await Promise.all(survey.ended.map(({ container, exit }) => lifecycle.handleExit(container, exit).catch((error: unknown) => {
      log.error('cannot handle the end of a container', { id: container.id, error });
    })));
    await volumes.detachUnheld();
    await this.#sweep();
  }

  /** Starts the containers whose policy says so. */
  async startByPolicy(): Promise<void> {
    const { registry, lifecycle, log } = this.#options;
    await Promise.all(registry.list().map(async (container) => {
      const { record } = container;
      if (record.state.phase === 'restarting') registry.move(container, { type: 'given-up' });
      if (container.running || record.state.phase === 'created' || !startsWithEngine(parseRestartPolicy(record.hostConfig.RestartPolicy), { ...record, exitCode: record.state.exitCode })) return;
      await lifecycle.start(container).catch((error: unknown) => { log.warn('container cannot be started with the engine', { id: container.id, error }); });
    }));
  }

  /** Clears what belongs to no container that runs: run directories, namespaces, directories and writable layers of containers that were never made whole. */
  async #sweep(): Promise<void> {
    const { registry, runtime, snapshotter, dataRoot, execRoot, log } = this.#options;
    const live = registry.list().filter((container) => container.running);
    const keep = new Set(live.map((container) => container.paths.runDirectory));
    const keepNamespaces = new Set(live.map((container) => container.paths.networkNamespace));
    const warn = (error: unknown): void => { log.warn('cannot sweep up', { error }); };
    for (const path of await entries(join(execRoot, 'c'))) {
      if (keep.has(path)) continue;
      await runtime.discard(join(path, 'init')).catch(warn);
      await Promise.all([unmountAll(join(path, 'rootfs')), unmountAll(join(path, 'shm')), clearPlaces(join(path, 'places'))]).then(() => removeDirectory(path)).catch(warn);
    }
    for (const path of await entries(join(execRoot, 'netns'))) {
      if (!keepNamespaces.has(path)) await deleteNetworkNamespace(path).catch(warn);
    }
    for (const path of await entries(join(dataRoot, 'containers'))) {
      if (!registry.isKnown(basename(path))) await removeDirectory(path).catch(warn);
    }
    const orphans: string[] = [];
    for await (const snapshot of snapshotter.list()) {
      const owner = containerOfKey(snapshot.key);
      if (snapshot.kind === 'active' && owner !== undefined && !registry.find(owner)) orphans.push(snapshot.key);
    }
    for (const key of orphans) await snapshotter.remove(key).catch((error: unknown) => { if (!(error instanceof NotFoundError)) warn(error); });
  }
}

async function entries(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(() => [])).map((name) => join(directory, name));
}
