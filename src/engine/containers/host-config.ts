import { isIP } from 'node:net';
import type { ContainerConfig, HostConfig } from '../../api/wire/container.ts';
import { InvalidArgumentError } from '../../api/errors.ts';
import type { CgroupFeatures } from '../linux/cgroup-features.ts';
import type { LogDrivers } from '../logs/log-drivers.ts';
import { parsePort, wantedPorts } from '../network/port-specs.ts';
import { checkCapabilities } from '../runtime/capabilities.ts';
import { parseDeviceRule } from '../runtime/spec-resources.ts';
import { MASKED_PATHS, READONLY_PATHS } from '../runtime/spec.ts';
import { checkLimits } from './limits.ts';
import { checkModes } from './modes.ts';
import { parseRestartPolicy } from './restart-policy.ts';
import { checkSecurityOptions } from './security-options.ts';

/**
 * A request's host configuration, checked, with defaults filled in as `docker inspect` shows them. Pure.
 * @throws InvalidArgumentError that names the option
 */
export function completeHostConfig(wanted: HostConfig, config: ContainerConfig, machine: CgroupFeatures & { cgroupVersion: 1 | 2 }, logDrivers: LogDrivers): { hostConfig: HostConfig; warnings: string[] } {
  checkModes(wanted, config);
  const { limits: host, warnings } = checkLimits(wanted, machine);
  checkRest(host);
  const policy = parseRestartPolicy(host.RestartPolicy);
  if (host.AutoRemove === true && policy.name !== 'no') throw new InvalidArgumentError("can't create 'AutoRemove' container with restart policy");
  const logging = logDrivers.choose(host.LogConfig);
  const networkMode = networkModeOf(host);
  if (networkMode === 'host' && Object.keys(host.PortBindings ?? {}).length > 0) warnings.push('Published ports are discarded when using host network mode');
  const privileged = host.Privileged === true;
  return {
    warnings,
    hostConfig: {
      ...DEFAULTS, ...host,
      NetworkMode: networkMode,
      LogConfig: { Type: logging.type, Config: { ...logging.options } },
      RestartPolicy: { Name: policy.name, MaximumRetryCount: policy.maximumRetries },
      ShmSize: host.ShmSize === undefined || host.ShmSize === 0 ? 64 * 1024 * 1024 : host.ShmSize,
      IpcMode: host.IpcMode === undefined || host.IpcMode === '' ? 'private' : host.IpcMode,
      CgroupnsMode: host.CgroupnsMode ? host.CgroupnsMode : machine.cgroupVersion === 2 ? 'private' : 'host',
      PortBindings: host.PortBindings ?? {},
      MaskedPaths: privileged ? null : (host.MaskedPaths ?? [...MASKED_PATHS]),
      ReadonlyPaths: privileged ? null : (host.ReadonlyPaths ?? [...READONLY_PATHS]),
      ...(host.Memory && !host.MemorySwap ? { MemorySwap: host.Memory * 2 } : {}),
    },
  };
}

/** Everything that clients expect to find, in dockerd's values. */
const DEFAULTS: HostConfig = {
  Binds: null, ContainerIDFile: '', AutoRemove: false, VolumeDriver: '', VolumesFrom: null, ConsoleSize: [0, 0], CapAdd: null, CapDrop: null, Dns: [], DnsOptions: [], DnsSearch: [],
  ExtraHosts: null, GroupAdd: null, Cgroup: '', Links: null, OomScoreAdj: 0, PidMode: '', Privileged: false, PublishAllPorts: false, ReadonlyRootfs: false, SecurityOpt: null, UTSMode: '',
  UsernsMode: '', Runtime: 'runc', Isolation: '', CpuShares: 0, Memory: 0, NanoCpus: 0, CgroupParent: '', BlkioWeight: 0, BlkioWeightDevice: [], BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [], BlkioDeviceReadIOps: [], BlkioDeviceWriteIOps: [], CpuPeriod: 0, CpuQuota: 0, CpuRealtimePeriod: 0, CpuRealtimeRuntime: 0, CpusetCpus: '', CpusetMems: '',
  Devices: [], DeviceCgroupRules: null, DeviceRequests: null, MemoryReservation: 0, MemorySwap: 0, MemorySwappiness: null, OomKillDisable: false, PidsLimit: null, Ulimits: [],
  CpuCount: 0, CpuPercent: 0, IOMaximumIOps: 0, IOMaximumBandwidth: 0,
};

/** Old clients say `default`; nothing means the default bridge. */
function networkModeOf(host: HostConfig): string {
  const mode = host.NetworkMode ?? '';
  return mode === '' || mode === 'default' ? 'bridge' : mode;
}

function checkRest(host: HostConfig): void {
  wantedPorts(host, []);
  for (const port of Object.keys(host.PortBindings ?? {})) parsePort(port);
  if ((host.ShmSize ?? 0) < 0) throw new InvalidArgumentError('SHM size can not be less than 0');
  const score = host.OomScoreAdj ?? 0;
  if (score < -1000 || score > 1000) throw new InvalidArgumentError(`Invalid value ${String(score)}, range for oom score adj is [-1000, 1000]`);
  checkUlimits(host);
  checkCapabilities(host);
  checkSecurityOptions(host.SecurityOpt ?? []);
  for (const rule of host.DeviceCgroupRules ?? []) parseDeviceRule(rule);
  for (const device of host.Devices ?? []) {
    const access = device.CgroupPermissions ?? '';
    if (!/^[rwm]*$/.test(access)) throw new InvalidArgumentError(`invalid device mode: ${access}`);
  }
  for (const entry of host.ExtraHosts ?? []) checkExtraHost(entry);
  const options = Object.keys(host.StorageOpt ?? {});
  if (options.includes('size')) throw new InvalidArgumentError("--storage-opt size is not supported: the storage driver keeps no quotas");
  if (options[0] !== undefined) throw new InvalidArgumentError(`Unknown option ${options[0]}`);
  if (host.Runtime !== undefined && !['', 'runc', 'crun', 'io.containerd.runc.v2'].includes(host.Runtime)) throw new InvalidArgumentError(`Unknown runtime specified ${host.Runtime}`);
}

/** Of setrlimit(2), as OCI runtimes name them. */
const ULIMITS = ['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc', 'rss', 'rtprio', 'rttime', 'sigpending', 'stack'];

function checkUlimits(host: HostConfig): void {
  for (const { Name: name = '', Soft: soft, Hard: hard } of host.Ulimits ?? []) {
    if (!ULIMITS.includes(name.toLowerCase())) throw new InvalidArgumentError(`invalid ulimit type: ${name}`);
    if (soft !== undefined && hard !== undefined && hard !== -1 && soft > hard) throw new InvalidArgumentError(`ulimit soft limit must be less than or equal to hard limit: ${String(soft)} > ${String(hard)}`);
  }
}

function checkExtraHost(entry: string): void {
  const match = /^([^:]+):(.+)$/.exec(entry);
  if (!match) throw new InvalidArgumentError(`bad format for add-host: ${JSON.stringify(entry)}`);
  const address = match[2] ?? '';
  if (address !== 'host-gateway' && isIP(address.replace(/^\[(.*)\]$/, '$1')) === 0) throw new InvalidArgumentError(`invalid IP address in add-host: ${JSON.stringify(address)}`);
}
