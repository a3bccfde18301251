import type { ContainerUpdateRequest, HostConfig, Limits } from '../../api/wire/container.ts';
import { ConflictError, InvalidArgumentError, messageOf } from '../../api/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { CgroupFeatures } from '../linux/cgroup-features.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { changedResources } from '../runtime/spec-resources.ts';
import { announce } from './container-events.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { Container } from './container.ts';
import { checkLimits } from './limits.ts';
import { parseRestartPolicy } from './restart-policy.ts';

/** Changes limits and restart policies of containers that are there, running or not. */
export class ContainerUpdater {
  readonly #options: { registry: ContainerRegistry; runtime: Runtime; events: EventBus; log: Logger; machine: CgroupFeatures };

  constructor(options: { registry: ContainerRegistry; runtime: Runtime; events: EventBus; log: Logger; machine: CgroupFeatures }) {
    this.#options = options;
  }

  /**
   * @returns warnings, of limits that this machine cannot set
   * @throws InvalidArgumentError, ConflictError; nothing has changed then
   */
  async update(container: Container, request: ContainerUpdateRequest): Promise<string[]> {
    const { registry, runtime, events, log, machine } = this.#options;
    const { RestartPolicy: policy, ...wanted } = request;
    const { limits, warnings } = checkLimits(withPidsLimit(wanted), machine, true);
    if (policy?.Name) parseRestartPolicy(policy);
    await registry.lock.run(container.id, async () => {
      try {
        const changed = applyUpdate(container.record.hostConfig, limits, policy);
        if (container.removing || container.record.state.phase === 'dead') throw new ConflictError('Container is marked for removal and cannot be "update".');
        const resources = changedResources(limits, changed);
        if (container.running && Object.keys(resources).length > 0) await runtime.update(container.id, resources);
        registry.update(container, { hostConfig: changed });
      } catch (cause) {
        const text = `Cannot update container ${container.id}: ${messageOf(cause)}`;
        throw cause instanceof ConflictError ? new ConflictError(text, { cause }) : new InvalidArgumentError(text, { cause });
      }
      log.info('container updated', { id: container.id });
      announce(events, container.record, 'update');
    });
    return warnings;
  }
}

/** 0 and -1 both lift the limit. */
function withPidsLimit(limits: Limits): Limits {
  return limits.PidsLimit !== undefined && limits.PidsLimit !== null && limits.PidsLimit <= 0 ? { ...limits, PidsLimit: 0 } : limits;
}

/** A host configuration with a change of its limits and its policy. 0, empty and absent leave things as they are. Pure. @throws InvalidArgumentError, ConflictError */
export function applyUpdate(present: HostConfig, change: Limits, policy: HostConfig['RestartPolicy']): HostConfig {
  const conflict = (text: string): never => { throw new ConflictError(`Conflicting options: ${text}`); };
  if (change.NanoCpus && present.CpuPeriod) conflict('Nano CPUs cannot be updated as CPU Period has already been set');
  if (change.NanoCpus && present.CpuQuota) conflict('Nano CPUs cannot be updated as CPU Quota has already been set');
  if (change.CpuPeriod && present.NanoCpus) conflict('CPU Period cannot be updated as NanoCPUs has already been set');
  if (change.CpuQuota && present.NanoCpus) conflict('CPU Quota cannot be updated as NanoCPUs has already been set');
  const { MemorySwap: swap = 0 } = present;
  if (change.Memory && !change.MemorySwap && swap !== -1 && change.Memory > swap) {
    throw new ConflictError('Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time');
  }
  if (change.MemorySwap && change.MemorySwap > 0 && !change.Memory && change.MemorySwap < (present.Memory ?? 0)) {
    throw new ConflictError('Minimum memoryswap limit should be larger than already set memory limit, update the memory at the same time');
  }
  if (policy?.Name && present.AutoRemove === true) throw new ConflictError('Restart policy cannot be updated because AutoRemove is enabled for the container');
  const given = Object.entries(change).filter(([name, value]) => (name === 'PidsLimit' ? value !== null : Boolean(value) && !(Array.isArray(value) && value.length === 0)));
  return {
    ...present, ...Object.fromEntries(given),
    ...(policy?.Name ? { RestartPolicy: { Name: policy.Name, MaximumRetryCount: policy.MaximumRetryCount ?? 0 } } : {}),
  };
}
