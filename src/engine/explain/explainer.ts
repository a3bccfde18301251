import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../api/errors.ts';
import type { ContainerExplanation, StartFact } from '../../api/wire/explain.ts';
import type { Logger } from '../../base/log.ts';
import type { ContainerRegistry } from '../containers/container-registry.ts';
import type { Container } from '../containers/container.ts';
import type { Lifecycle } from '../containers/lifecycle.ts';
import { logSource } from '../containers/container-log.ts';
import { describeState } from '../containers/state.ts';
import type { ImageSource } from '../images/image.ts';
import type { LogDrivers } from '../logs/log-drivers.ts';
import { listLogFiles } from '../logs/log-files.ts';
import { readLog } from '../logs/log-reader.ts';
import { readCgroupUsage } from '../linux/cgroup-usage.ts';
import type { OciSpec } from '../runtime/oci-spec.ts';
import { cgroupPath } from '../runtime/spec.ts';
import { explainEnd } from './end.ts';
import { limitFacts, throttlingOf } from './limits.ts';
import { mountFacts, mountReasons } from './mounts.ts';
import { namespaceFacts } from './namespaces.ts';
import { networkFact } from './ports.ts';
import { processFacts } from './processes.ts';
import { seccompReason, specReasons } from './spec-reasons.ts';

export interface ExplainerOptions {
  registry: ContainerRegistry;
  lifecycle: Pick<Lifecycle, 'planSpec'>;
  images: ImageSource;
  cgroupVersion: 1 | 2;
  logDrivers: LogDrivers;
  log: Logger;
}

/** Says why a container is as it is. */
export class Explainer {
  readonly #options: ExplainerOptions;

  constructor(options: ExplainerOptions) {
    this.#options = options;
  }

  async explain(container: Container): Promise<ContainerExplanation> {
    const { registry, images, cgroupVersion } = this.#options;
    const { record, running } = container;
    const { hostConfig } = record;
    const image = (await images.find(record.imageId).catch(() => undefined))?.config;
    const { spec, error } = await this.#spec(container);
    const cgroup = cgroupPath(record.id, hostConfig);
    const usage = running ? readCgroupUsage(cgroupVersion, cgroup) : undefined;
    const reasons = mountReasons(record, image);
    const others = new Map(registry.list().filter((other) => other !== container && other.running).map((other) => [other.record.name, other.record.state.pid]));
    return {
      id: record.id, name: record.name, status: describeState(record.state, Date.now()), image: { name: record.config.Image ?? '', id: record.imageId },
      spec: spec ? specReasons(spec, { id: record.id, config: record.config, hostConfig, image, mounts: reasons }) : [],
      ...(error === undefined ? {} : { specError: error }),
      namespaces: namespaceFacts(running ? record.state.pid : 0, hostConfig, others),
      limits: limitFacts(hostConfig, usage, Date.now() - record.state.startedAt), throttling: throttlingOf(usage),
      mounts: mountFacts(spec?.mounts ?? [], reasons, new Map(record.mounts.flatMap(({ destination, name }) => (name === undefined ? [] : [[destination, name]])))),
      security: {
        privileged: hostConfig.Privileged === true, noNewPrivileges: spec?.process.noNewPrivileges === true, capabilities: spec?.process.capabilities.bounding ?? [],
        added: [...(hostConfig.CapAdd ?? [])], dropped: [...(hostConfig.CapDrop ?? [])],
        seccomp: spec && !spec.linux.seccomp ? { profile: 'none', why: unfilteredReason(hostConfig.SecurityOpt ?? [], hostConfig.Privileged === true) } : { profile: `${String(spec?.linux.seccomp?.syscalls.length ?? 0)} rules, else ${spec?.linux.seccomp?.defaultAction ?? 'unknown'}`, why: seccompReason(hostConfig).why },
      },
      processes: running ? processFacts(cgroup) : [], networks: record.endpoints.map(networkFact), start: await this.#start(container), end: explainEnd(record),
    };
  }

  /** What the runtime was given, or would be. */
  async #spec(container: Container): Promise<{ spec?: OciSpec; error?: string }> {
    try {
      // Our own file, written when it was started.
      if (container.running) return { spec: JSON.parse(readFileSync(join(container.paths.bundle, 'config.json'), 'utf8')) as OciSpec };
      return { spec: await this.#options.lifecycle.planSpec(container) };
    } catch (error) {
      return { error: messageOf(error) };
    }
  }

  async #start(container: Container): Promise<StartFact | null> {
    const { startTrace } = container.record;
    if (!startTrace) return null;
    const { at, ...times } = startTrace;
    return { at: new Date(at).toISOString(), ...times, firstOutputMs: await this.#firstOutput(container, at) };
  }

  /** From the log, which knows the moment of every write. Once it has been rotated the first is no longer known. */
  async #firstOutput(container: Container, startedAt: number): Promise<number | null> {
    const source = logSource(container, this.#options.logDrivers);
    if (!source || (await listLogFiles(source.path)).length > 1) return null;
    const stop = new AbortController();
    try {
      for await (const [first] of readLog({ ...source, stdout: true, stderr: true, sinceNs: BigInt(startedAt) * 1_000_000n, follow: undefined, signal: stop.signal, log: this.#options.log })) {
        if (first) return Math.max(0, Number(first.timeNs / 1000n) / 1000 - startedAt);
      }
    } catch {
      // Without a log nothing is known.
    }
    return null;
  }
}

function unfilteredReason(options: readonly string[], privileged: boolean): string {
  if (options.some((option) => /^seccomp[=:]unconfined$/.test(option))) return '--security-opt seccomp=unconfined';
  return privileged ? '--privileged' : 'this machine has no profile';
}
