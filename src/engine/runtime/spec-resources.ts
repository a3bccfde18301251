import { readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { HostConfig, Limits, ThrottleDevice } from '../../api/wire/container.ts';
import { InvalidArgumentError } from '../../api/errors.ts';
import type { OciDevice, OciDeviceRule, OciResources } from './oci-spec.ts';

/** Limits of a container, as the OCI spec says them. Zero means unset, as in docker's API. */
export function resources(host: Limits): Omit<OciResources, 'devices'> {
  const memory = {
    ...positive('limit', host.Memory),
    ...positive('reservation', host.MemoryReservation),
    // Docker: without MemorySwap a container may use as much swap again as it has memory.
    ...(host.MemorySwap ? { swap: host.MemorySwap } : host.Memory ? { swap: host.Memory * 2 } : {}),
    ...(host.MemorySwappiness === undefined || host.MemorySwappiness === null || host.MemorySwappiness === -1 ? {} : { swappiness: host.MemorySwappiness }),
    ...(host.OomKillDisable === true ? { disableOOMKiller: true } : {}),
  };
  const period = host.NanoCpus ? 100_000 : host.CpuPeriod;
  const quota = host.NanoCpus ? Math.round(host.NanoCpus / 10_000) : host.CpuQuota;
  const cpu = {
    ...positive('shares', host.CpuShares),
    ...positive('period', period),
    ...(quota ? { quota } : {}),
    ...positive('realtimePeriod', host.CpuRealtimePeriod),
    ...positive('realtimeRuntime', host.CpuRealtimeRuntime),
    ...(host.CpusetCpus ? { cpus: host.CpusetCpus } : {}),
    ...(host.CpusetMems ? { mems: host.CpusetMems } : {}),
  };
  return {
    ...(Object.keys(memory).length > 0 ? { memory } : {}),
    ...(Object.keys(cpu).length > 0 ? { cpu } : {}),
    ...(host.PidsLimit && host.PidsLimit > 0 ? { pids: { limit: host.PidsLimit } } : {}),
    ...blockIo(host),
  };
}

/**
 * What a change of limits sets in a container that runs: only what the change names. Memory and swap go together, as cgroup v2 keeps
 * swap apart from memory and v1 keeps their sum.
 * @param present the limits with the change in them
 */
export function changedResources(change: Limits, present: Limits): Omit<OciResources, 'devices'> {
  const { pids: _, ...changed } = resources({ ...change, ...(change.Memory || change.MemorySwap ? { Memory: present.Memory ?? 0, MemorySwap: present.MemorySwap ?? 0 } : {}) });
  const { PidsLimit: pids } = change;
  // The runtimes lift a limit by -1.
  return { ...changed, ...(pids === undefined || pids === null ? {} : { pids: { limit: pids > 0 ? pids : -1 } }) };
}

function blockIo(host: Limits): Pick<OciResources, 'blockIO'> {
  const throttle = (devices: readonly ThrottleDevice[] | null | undefined): { major: number; minor: number; rate: number }[] | undefined =>
    (devices?.length ? devices.map(({ Path: path = '', Rate: rate = 0 }) => ({ ...deviceNumbers(path), rate })) : undefined);
  const blockIO = {
    weight: host.BlkioWeight ? host.BlkioWeight : undefined,
    weightDevice: host.BlkioWeightDevice?.length ? host.BlkioWeightDevice.map(({ Path: path = '', Weight: weight = 0 }) => ({ ...deviceNumbers(path), weight })) : undefined,
    throttleReadBpsDevice: throttle(host.BlkioDeviceReadBps), throttleWriteBpsDevice: throttle(host.BlkioDeviceWriteBps),
    throttleReadIOPSDevice: throttle(host.BlkioDeviceReadIOps), throttleWriteIOPSDevice: throttle(host.BlkioDeviceWriteIOps),
  };
  const given = Object.fromEntries(Object.entries(blockIO).filter(([, value]) => value !== undefined));
  return Object.keys(given).length > 0 ? { blockIO: given } : {};
}

/** glibc's layout of dev_t (makedev(3)). */
function deviceNumbers(path: string): { major: number; minor: number } {
  const { rdev } = statDevice(path);
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}

function statDevice(path: string): Stats {
  try {
    return statSync(path);
  } catch (cause) {
    throw new InvalidArgumentError(`stat ${path}: no such file or directory`, { cause });
  }
}

function positive<K extends string>(key: K, value: number | undefined): Partial<Record<K, number>> {
  return value === undefined || value <= 0 ? {} : { [key]: value } as Partial<Record<K, number>>;
}

/** Docker's device rules: nothing but the harmless ones, plus what `--device` and `--device-cgroup-rule` name. */
export function deviceRules(host: HostConfig): OciDeviceRule[] {
  if (host.Privileged === true) return [{ allow: true, access: 'rwm' }];
  return [
    { allow: false, access: 'rwm' },
    { allow: true, type: 'c', access: 'm' },
    { allow: true, type: 'b', access: 'm' },
    ...[[1, 3], [1, 5], [1, 7], [1, 8], [1, 9], [5, 0], [5, 1], [5, 2]].map(([major, minor]) => ({ allow: true, type: 'c' as const, major: major ?? 0, minor: minor ?? 0, access: 'rwm' })),
    { allow: true, type: 'c', major: 136, access: 'rwm' },
    ...(host.Devices ?? []).map((device) => {
      const node = deviceNode(device.PathOnHost ?? '', device.PathInContainer ?? '');
      return { allow: true, type: node.type, major: node.major, minor: node.minor, access: device.CgroupPermissions === undefined || device.CgroupPermissions === '' ? 'rwm' : device.CgroupPermissions };
    }),
    ...(host.DeviceCgroupRules ?? []).map(parseDeviceRule),
  ];
}

/** Device nodes beyond those that every OCI runtime makes by itself. */
export function defaultDevices(host: HostConfig): OciDevice[] {
  const all = host.Privileged === true ? machineDevices('/dev') : [];
  const own = wantedDevices(host);
  return [...all.filter(({ path }) => !own.some((device) => device.path === path)), ...own];
}

/** Directories of /dev in which a container has its own. */
const OWN_DIRECTORIES = ['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev'];

/** Every device node of the machine, for privileged containers. */
function machineDevices(directory: string): OciDevice[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return OWN_DIRECTORIES.includes(entry.name) ? [] : machineDevices(path);
    if (!(entry.isCharacterDevice() || entry.isBlockDevice()) || path === '/dev/console') return [];
    return [deviceNode(path, path)];
  });
}

function wantedDevices(host: HostConfig): OciDevice[] {
  return (host.Devices ?? []).map((device) => deviceNode(device.PathOnHost ?? '', device.PathInContainer ?? ''));
}

function deviceNode(hostPath: string, containerPath: string): OciDevice {
  let stat;
  try {
    stat = statSync(hostPath);
  } catch (cause) {
    throw new InvalidArgumentError(`error gathering device information while adding custom device "${hostPath}": no such file or directory`, { cause });
  }
  if (!stat.isCharacterDevice() && !stat.isBlockDevice()) {
    throw new InvalidArgumentError(`error gathering device information while adding custom device "${hostPath}": not a device node`);
  }
  return {
    path: containerPath === '' ? hostPath : containerPath,
    type: stat.isBlockDevice() ? 'b' : 'c',
    ...deviceNumbers(hostPath),
    fileMode: stat.mode & 0o777,
    uid: stat.uid,
    gid: stat.gid,
  };
}

export function parseDeviceRule(rule: string): OciDeviceRule {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(rule);
  if (!match) throw new InvalidArgumentError(`invalid device cgroup rule format: '${rule}'`);
  const [, type, major, minor, access] = match;
  return {
    allow: true,
    type: type as 'a' | 'c' | 'b',
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
    access: access ?? 'rwm',
  };
}
