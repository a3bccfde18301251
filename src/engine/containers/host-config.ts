import type { HostConfig } from '../../api/wire/container.ts';
import { ConflictError, InvalidArgumentError, NotImplementedError } from '../../api/errors.ts';
import { parseLogOptions } from '../config.ts';
import { parsePort, wantedPorts } from '../network/port-specs.ts';
import { parseRestartPolicy } from './restart-policy.ts';

const MINIMUM_MEMORY_BYTES = 6 * 1024 * 1024;

/**
 * A request's host configuration, checked, with defaults filled in as `docker inspect` shows them. Pure.
 * @throws InvalidArgumentError, ConflictError, NotImplementedError that name the option
 */
export function completeHostConfig(host: HostConfig): HostConfig {
  checkLimits(host);
  checkModes(host);
  wantedPorts(host, []);
  for (const port of Object.keys(host.PortBindings ?? {})) parsePort(port);
  const policy = parseRestartPolicy(host.RestartPolicy);
  if (host.AutoRemove === true && policy.name !== 'no') throw new ConflictError("can't create 'AutoRemove' container with restart policy");
  const logType = host.LogConfig?.Type;
  return {
    ...host,
    NetworkMode: networkMode(host),
    LogConfig: { Type: logType === undefined || logType === '' ? 'local' : logType, Config: host.LogConfig?.Config ?? {} },
    RestartPolicy: { Name: policy.name, MaximumRetryCount: policy.maximumRetries },
    ShmSize: host.ShmSize === undefined || host.ShmSize === 0 ? 64 * 1024 * 1024 : host.ShmSize,
    IpcMode: host.IpcMode === undefined || host.IpcMode === '' ? 'private' : host.IpcMode,
    PortBindings: host.PortBindings ?? {},
    ...(host.Memory && !host.MemorySwap ? { MemorySwap: host.Memory * 2 } : {}),
  };
}

/** Old clients say `default`; nothing means the default bridge. */
function networkMode(host: HostConfig): string {
  const mode = host.NetworkMode ?? '';
  return mode === '' || mode === 'default' ? 'bridge' : mode;
}

function checkLimits(host: HostConfig): void {
  const { Memory: memory = 0, MemorySwap: swap = 0, MemoryReservation: reservation = 0, NanoCpus: nanoCpus = 0 } = host;
  if (memory < 0 || (memory > 0 && memory < MINIMUM_MEMORY_BYTES)) throw new InvalidArgumentError('Minimum memory limit allowed is 6MB');
  if (swap > 0 && memory === 0) throw new InvalidArgumentError('You should always set the Memory limit when using Memoryswap limit, see usage');
  if (swap > 0 && swap < memory) throw new InvalidArgumentError('Minimum memoryswap limit should be larger than memory limit, see usage');
  if (reservation > 0 && memory > 0 && reservation > memory) throw new InvalidArgumentError('Minimum memory limit can not be less than memory reservation limit, see usage');
  if (nanoCpus < 0) throw new InvalidArgumentError('invalid value for cpus: must not be negative');
  if (nanoCpus > 0 && (host.CpuPeriod || host.CpuQuota)) throw new InvalidArgumentError('Conflicting options: Nano CPUs and CPU Period or Quota cannot both be set');
  if ((host.ShmSize ?? 0) < 0) throw new InvalidArgumentError('SHM size can not be less than 0');
  const score = host.OomScoreAdj ?? 0;
  if (score < -1000 || score > 1000) throw new InvalidArgumentError(`Invalid value ${String(score)}, range for oom score adj is [-1000, 1000]`);
  for (const limit of host.Ulimits ?? []) {
    if (limit.Soft !== undefined && limit.Hard !== undefined && limit.Hard !== -1 && limit.Soft > limit.Hard) throw new InvalidArgumentError(`ulimit soft limit must be less than or equal to hard limit: ${String(limit.Soft)} > ${String(limit.Hard)}`);
  }
}

function checkModes(host: HostConfig): void {
  const network = host.NetworkMode ?? '';
  if (network === 'container:') throw new InvalidArgumentError('invalid network mode: container: needs the name or id of a container');
  if (network.startsWith('container:')) throw new NotImplementedError(`network mode ${network} is not implemented`);
  oneOf('cgroup namespace mode', host.CgroupnsMode, ['', 'private', 'host']);
  oneOf('UTS mode', host.UTSMode, ['', 'host']);
  oneOf('IPC mode', host.IpcMode, ['', 'private', 'shareable', 'none', 'host']);
  oneOf('PID mode', host.PidMode, ['', 'host']);
  oneOf('user namespace mode', host.UsernsMode, ['', 'host']);
  const type = host.LogConfig?.Type ?? '';
  oneOf('log driver', type, ['', 'local', 'json-file', 'none']);
  if (type !== 'none') parseLogOptions(host.LogConfig?.Config ?? {});
  if (host.Runtime !== undefined && !['', 'runc', 'crun', 'io.containerd.runc.v2'].includes(host.Runtime)) throw new InvalidArgumentError(`unknown or invalid runtime name: ${host.Runtime}`);
  if ((host.VolumesFrom ?? []).length > 0) throw new NotImplementedError('--volumes-from is not implemented');
  if ((host.Links ?? []).length > 0) throw new NotImplementedError('--link is not implemented');
}

function oneOf(what: string, value: string | undefined, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value)) return;
  if (value.startsWith('container:')) throw new NotImplementedError(`${what} ${value} is not implemented`);
  throw new InvalidArgumentError(`invalid ${what}: ${value}`);
}
