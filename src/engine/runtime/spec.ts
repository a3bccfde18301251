import { normalize } from 'node:path';
import type { ContainerConfig, HostConfig } from '../../api/wire/container.ts';
import { effectiveCapabilities } from './capabilities.ts';
import type { OciMount, OciProcess, OciSpec } from './oci-spec.ts';
import { defaultDevices, deviceRules, resources } from './spec-resources.ts';
import { chosenSeccompProfile, seccompFor, type SeccompProfile } from './seccomp.ts';
import type { ResolvedUser } from './user.ts';

/** All that decides a container's OCI spec, gathered by the caller; nothing here reads the machine. */
export interface SpecInput {
  containerId: string;
  /** The container's own configuration, already merged with its image's. */
  config: ContainerConfig;
  hostConfig: HostConfig;
  /** Entrypoint and command. */
  args: readonly string[];
  hostname: string;
  /** Where the root file system is mounted. */
  rootfs: string;
  user: ResolvedUser;
  /** Namespaces of another container, by path. */
  shared?: { pid?: string; ipc?: string };
  /** What takes the place of the container's own /dev/shm. */
  shm?: OciMount | 'none';
  /** Variables that come before the configured ones. */
  linkedEnv?: readonly string[];
  /** Program on the host that is to be process 1. */
  init?: string;
  /** Path of the network namespace; absent for the host's. */
  networkNamespace: string | undefined;
  /** Volumes, binds, tmpfs and the files that the engine provides, in order; they come after the standard mounts. */
  mounts: readonly OciMount[];
  cgroupVersion: 1 | 2;
  boundingCapabilities: bigint;
  /** The system call filter for containers that choose none; absent where the machine has none. */
  seccompProfile?: SeccompProfile;
  /** `amd64` or `arm64`. */
  architecture?: string;
}

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Where docker puts it. */
const INIT = '/sbin/docker-init';
const DEFAULT_SHM_BYTES = 64 * 1024 * 1024;

export const MASKED_PATHS: readonly string[] = [
  '/proc/asound', '/proc/acpi', '/proc/interrupts', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list', '/proc/timer_stats',
  '/proc/sched_debug', '/proc/scsi', '/sys/firmware', '/sys/devices/virtual/powercap',
];
export const READONLY_PATHS: readonly string[] = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** @throws InvalidArgumentError naming the option that cannot be carried out. */
export function buildSpec(input: SpecInput): OciSpec {
  const { hostConfig } = input;
  const privileged = hostConfig.Privileged === true;
  const [masked, readonly] = privileged ? [[], []] : [hostConfig.MaskedPaths ?? MASKED_PATHS, hostConfig.ReadonlyPaths ?? READONLY_PATHS];
  const process = buildProcess(input);
  const profile = chosenSeccompProfile(hostConfig.SecurityOpt ?? [], privileged, input.seccompProfile);
  return {
    ociVersion: '1.0.2',
    ...(hostConfig.UTSMode === 'host' ? {} : { hostname: input.hostname }),
    root: { path: input.rootfs, readonly: hostConfig.ReadonlyRootfs === true },
    process,
    mounts: [...standardMounts(input, privileged), ...(input.init === undefined ? [] : [{ destination: INIT, type: 'bind', source: input.init, options: ['bind', 'ro'] }]), ...input.mounts],
    linux: {
      namespaces: namespaces(input),
      cgroupsPath: cgroupPath(input.containerId, hostConfig),
      resources: { ...resources(hostConfig), devices: deviceRules(hostConfig) },
      devices: defaultDevices(hostConfig),
      ...(masked.length > 0 ? { maskedPaths: [...masked] } : {}),
      ...(readonly.length > 0 ? { readonlyPaths: [...readonly] } : {}),
      ...(profile ? { seccomp: seccompFor(profile, { capabilities: process.capabilities.bounding, architecture: input.architecture ?? 'amd64' }) } : {}),
      ...(hostConfig.Sysctls ? { sysctl: hostConfig.Sysctls } : {}),
    },
  };
}

/** The container's place under every cgroup hierarchy. */
export function cgroupPath(containerId: string, hostConfig: HostConfig): string {
  const parent = hostConfig.CgroupParent === undefined || hostConfig.CgroupParent === '' ? '/strata' : `/${normalize(`/${hostConfig.CgroupParent}`).slice(1)}`;
  return `${parent}/${containerId}`;
}

/** The first process of a container. */
export function buildProcess(input: SpecInput): OciProcess {
  const { config, hostConfig, user } = input;
  const capabilities = effectiveCapabilities({
    add: hostConfig.CapAdd ?? [], drop: hostConfig.CapDrop ?? [], privileged: hostConfig.Privileged === true, bounding: input.boundingCapabilities,
  });
  return {
    terminal: config.Tty === true,
    user: { uid: user.uid, gid: user.gid, additionalGids: [...user.additionalGids] },
    args: input.init === undefined ? [...input.args] : [INIT, '--', ...input.args],
    env: environment({ tty: config.Tty === true, hostname: input.hostname, home: user.home, env: [...(input.linkedEnv ?? []), ...(config.Env ?? [])] }),
    cwd: config.WorkingDir === undefined || config.WorkingDir === '' ? '/' : config.WorkingDir,
    // A user other than root keeps none in its effective set, but could regain those in the bounding set through set-id files.
    capabilities: user.uid === 0
      ? { bounding: capabilities, effective: capabilities, permitted: capabilities }
      : { bounding: capabilities, effective: [], permitted: [] },
    ...(hostConfig.Ulimits?.length
      ? { rlimits: hostConfig.Ulimits.map((limit) => ({ type: `RLIMIT_${(limit.Name ?? '').toUpperCase()}`, soft: limit.Soft ?? 0, hard: limit.Hard ?? 0 })) }
      : {}),
    noNewPrivileges: (hostConfig.SecurityOpt ?? []).some((option) => /^no-new-privileges(?:[:=](?:1|t|true))?$/i.test(option)),
    ...(hostConfig.OomScoreAdj ? { oomScoreAdj: hostConfig.OomScoreAdj } : {}),
  };
}

/** Docker's rule: defaults first, then the configured variables; a name that appears again replaces, a name without `=` removes. */
export function environment(input: { tty: boolean; hostname: string; home: string; env: readonly string[] }): string[] {
  const values = new Map<string, string>([['PATH', DEFAULT_PATH], ['HOSTNAME', input.hostname]]);
  if (input.tty) values.set('TERM', 'xterm');
  for (const entry of input.env) {
    const separator = entry.indexOf('=');
    if (separator === -1) values.delete(entry);
    else values.set(entry.slice(0, separator), entry.slice(separator + 1));
  }
  if (!values.has('HOME')) values.set('HOME', input.home);
  return [...values].map(([name, value]) => `${name}=${value}`);
}

function standardMounts(input: SpecInput, privileged: boolean): OciMount[] {
  const shm = input.hostConfig.ShmSize;
  const shmBytes = shm === undefined || shm === 0 ? DEFAULT_SHM_BYTES : shm;
  const access = privileged ? 'rw' : 'ro';
  const overridden = new Set(input.mounts.map((mount) => mount.destination));
  const mounts: OciMount[] = [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
    { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'] },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', access] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [access, 'nosuid', 'noexec', 'nodev'] },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${String(shmBytes)}`] },
  ];
  const { shm: other } = input;
  return mounts.flatMap((mount) => {
    if (overridden.has(mount.destination)) return [];
    if (mount.destination !== '/dev/shm' || other === undefined) return [mount];
    return other === 'none' ? [] : [other];
  });
}

function namespaces(input: SpecInput): OciSpec['linux']['namespaces'] {
  const { hostConfig } = input;
  const list: OciSpec['linux']['namespaces'] = [{ type: 'mount' }];
  if (input.networkNamespace !== undefined) list.push({ type: 'network', path: input.networkNamespace });
  if (hostConfig.UTSMode !== 'host') list.push({ type: 'uts' });
  const { pid, ipc } = input.shared ?? {};
  if (hostConfig.PidMode !== 'host') list.push({ type: 'pid', ...(pid === undefined ? {} : { path: pid }) });
  if (hostConfig.IpcMode !== 'host') list.push({ type: 'ipc', ...(ipc === undefined ? {} : { path: ipc }) });
  // Docker's defaults: private under cgroup v2, the host's under v1.
  const cgroup = hostConfig.CgroupnsMode === undefined || hostConfig.CgroupnsMode === '' ? (input.cgroupVersion === 2 ? 'private' : 'host') : hostConfig.CgroupnsMode;
  if (cgroup === 'private') list.push({ type: 'cgroup' });
  return list;
}
