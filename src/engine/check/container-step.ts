import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { deleteNetworkNamespace } from '../linux/network-namespace.ts';
import { unmountAll } from '../linux/mount.ts';
import { mountPoints } from '../linux/mount-table.ts';
import { processes } from '../linux/process-table.ts';
import { cgroupExists, removeCgroup } from '../linux/remove-cgroup.ts';
import type { ContainerRegistry } from '../containers/container-registry.ts';
import type { Container } from '../containers/container.ts';
import { snapshotKey } from '../containers/rootfs.ts';
import { cgroupPath } from '../runtime/spec.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import type { CheckStep, Finding, StepContext } from './finding.ts';

export interface ContainerStepParts {
  registry: ContainerRegistry;
  snapshotter: Snapshotter;
  dataRoot: string;
  execRoot: string;
}

/** Names below the exec root begin with so many digits of a container's id. */
const SHORT_ID = /^[0-9a-f]{24}$/;

/**
 * Every container has its files; what there is in the kernel (mounts, network namespaces, cgroups, shims) belongs to a container that runs.
 * Cgroups of containers that are not recorded cannot be told from those of another engine on this machine, and are left alone.
 */
export class ContainerStep implements CheckStep {
  readonly name = 'containers';
  readonly #parts: ContainerStepParts;

  constructor(parts: ContainerStepParts) {
    this.#parts = parts;
  }

  async *run({ signal, progress }: StepContext): AsyncIterable<Finding> {
    const { registry } = this.#parts;
    const containers = registry.list();
    for (const [index, container] of containers.entries()) {
      signal.throwIfAborted();
      progress(index, containers.length);
      yield* await this.#settled(container, () => this.#ownFiles(container));
    }
    progress(containers.length, containers.length);
    yield* this.#directories();
    yield* this.#kernel();
  }

  /** Looks when nobody is starting, stopping or removing the container. */
  async #settled(container: Container, look: () => Promise<Finding[]>): Promise<Finding[]> {
    if ((await look()).length === 0) return [];
    return this.#parts.registry.lock.run(container.id, async () => (this.#parts.registry.find(container.id) === container ? look() : []));
  }

  async #ownFiles(container: Container): Promise<Finding[]> {
    const { id, paths, record } = container;
    const remedy = `docker rm -f ${id.slice(0, 12)}`;
    const findings: Finding[] = [];
    if (!(await this.#parts.snapshotter.stat(snapshotKey(id)).then(() => true, () => false))) findings.push({ kind: 'missing', subject: id, text: `the writable layer of container ${record.name} is not there`, remedy });
    if (!existsSync(paths.directory)) findings.push({ kind: 'missing', subject: id, text: `the directory of container ${record.name} is not there: ${paths.directory}`, remedy });
    const cgroup = cgroupPath(id, record.hostConfig);
    if (!container.running && cgroupExists(cgroup)) {
      findings.push({ kind: 'orphan', subject: cgroup, text: `container ${record.name} does not run and still has a cgroup`, repair: () => { if (!removeCgroup(cgroup)) throw new Error('processes are still in it'); } });
    }
    return findings;
  }

  async *#directories(): AsyncIterable<Finding> {
    const home = join(this.#parts.dataRoot, 'containers');
    for (const id of await readdir(home).catch(() => [])) {
      if (this.#parts.registry.isKnown(id)) continue;
      const path = join(home, id);
      yield { kind: 'orphan', subject: path, text: 'a directory of a container that is not there', repair: () => rm(path, { recursive: true, force: true }) };
    }
  }

  async *#kernel(): AsyncIterable<Finding> {
    const { execRoot } = this.#parts;
    const runs = join(execRoot, 'c');
    const namespaces = join(execRoot, 'netns');
    for (const point of (await mountPoints()).reverse()) {
      const short = firstBelow(runs, point) ?? firstBelow(namespaces, point);
      if (short !== undefined && !(await this.#mayRun(short))) yield { kind: 'orphan', subject: point, text: 'a mount of a container that does not run', repair: () => unmountAll(point) };
    }
    for await (const { pid, args } of processes()) {
      const directory = args[args.indexOf('--dir') + 1];
      const short = basename(args[0] ?? '') === 'strata-shim' && directory !== undefined ? firstBelow(runs, directory) : undefined;
      if (short !== undefined && !(await this.#mayRun(short))) yield { kind: 'orphan', subject: String(pid), text: `a shim of a container that does not run: ${directory ?? ''}`, repair: () => { process.kill(pid, 'SIGKILL'); } };
    }
    for (const name of await readdir(runs).catch(() => [])) {
      const path = join(runs, name);
      if (!(await this.#mayRun(name))) yield { kind: 'orphan', subject: path, text: 'a run directory of a container that does not run', repair: () => rm(path, { recursive: true, force: true }) };
    }
    for (const name of await readdir(namespaces).catch(() => [])) {
      const path = join(namespaces, name);
      if (SHORT_ID.test(name) && !(await this.#mayRun(name))) yield { kind: 'orphan', subject: path, text: 'a network namespace of a container that does not run', repair: () => deleteNetworkNamespace(path) };
    }
  }

  /** False only when it is certain: nobody is starting, stopping or making the container meanwhile. */
  async #mayRun(short: string): Promise<boolean> {
    const { registry } = this.#parts;
    const container = registry.list().find(({ id }) => id.startsWith(short));
    if (!container) return registry.isKnown(short);
    return container.running || registry.lock.run(container.id, async () => container.running);
  }
}

/** `<24 digits>` of a path `<home>/<24 digits>/…`. */
function firstBelow(home: string, path: string): string | undefined {
  const first = relative(home, path).split(sep)[0] ?? '';
  return SHORT_ID.test(first) ? first : undefined;
}
