import { readFileSync } from 'node:fs';
import type { ContainerConfig, ContainerCreateRequest, HealthConfig, HostConfig } from '../../api/wire/container.ts';
import type { CreateFlags } from './create-flags.ts';
import { environment, keyValues, reason } from './key-values.ts';
import { parseTmpfs, parseVolumes } from './mount-specs.ts';
import { parseNetworks } from './network-specs.ts';
import { parsePorts } from './port-specs.ts';
import { parseBytes } from './values.ts';

/** What the terminal has to say to a new container. */
export interface Surroundings {
  env: NodeJS.ProcessEnv;
  /** Rows and columns, when a terminal is attached. */
  consoleSize?: [number, number];
}

/** Streams that the command holds while the container runs. */
export interface Attachment {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

/** `-a` as given; otherwise output and errors, and input with `-i`. Nothing when detached. */
export function attachmentOf(flags: CreateFlags, detached: boolean): Attachment {
  if (detached) return { stdin: false, stdout: false, stderr: false };
  if (flags.attach.length === 0) return { stdin: flags.interactive, stdout: true, stderr: true };
  return { stdin: flags.attach.includes('stdin'), stdout: flags.attach.includes('stdout'), stderr: flags.attach.includes('stderr') };
}

/**
 * The request that makes the container which the options describe.
 * @throws Error in docker's words for options that do not go together or cannot be read.
 */
export function createRequest(flags: CreateFlags, image: string, command: readonly string[], attachment: Attachment, around: Surroundings): ContainerCreateRequest {
  assertTogether(flags);
  const ports = parsePorts(flags.publish, flags.expose);
  const volumes = parseVolumes(flags.volume);
  const networks = parseNetworks({ ...flags, network: [...flags.network, ...flags.net], 'network-alias': [...flags['network-alias'], ...flags['net-alias']] });
  return {
    ...containerConfig(flags, image, command, attachment, around.env),
    ...(Object.keys(ports.exposed).length === 0 ? {} : { ExposedPorts: ports.exposed }),
    ...(Object.keys(volumes.anonymous).length === 0 ? {} : { Volumes: volumes.anonymous }),
    HostConfig: { ...hostConfig(flags, around), NetworkMode: networks.mode, Binds: volumes.binds, PortBindings: ports.bindings },
    NetworkingConfig: { EndpointsConfig: networks.endpoints },
  };
}

function assertTogether(flags: CreateFlags): void {
  const restarts = flags.restart !== undefined && flags.restart !== '' && flags.restart !== 'no';
  if (flags.rm && restarts) throw new Error('conflicting options: cannot specify both --restart and --rm');
  if (flags['no-healthcheck'] && HEALTH_FLAGS.some((name) => flags[name] !== undefined)) throw new Error('--no-healthcheck conflicts with --health-* options');
  if (flags.attach.length > 0 && flags.interactive && !flags.attach.includes('stdin')) throw new Error('conflicting options: -i needs STDIN among the streams of --attach');
}

const HEALTH_FLAGS = ['health-cmd', 'health-interval', 'health-retries', 'health-start-interval', 'health-start-period', 'health-timeout'] as const;

function containerConfig(flags: CreateFlags, image: string, command: readonly string[], attachment: Attachment, env: NodeJS.ProcessEnv): ContainerConfig {
  const health = healthConfig(flags);
  return {
    ...given({
      Hostname: flags.hostname, Domainname: flags.domainname, User: flags.user, WorkingDir: flags.workdir,
      Entrypoint: flags.entrypoint === undefined ? undefined : [flags.entrypoint],
      StopSignal: flags['stop-signal'], StopTimeout: flags['stop-timeout'], Healthcheck: health,
    }),
    Image: image, Cmd: command.length === 0 ? null : [...command],
    Env: environment(flags['env-file'], flags.env, env), Labels: keyValues(flags.label, flags['label-file']),
    Tty: flags.tty, OpenStdin: flags.interactive, StdinOnce: flags.interactive && attachment.stdin,
    AttachStdin: attachment.stdin, AttachStdout: attachment.stdout, AttachStderr: attachment.stderr,
  };
}

function healthConfig(flags: CreateFlags): HealthConfig | undefined {
  if (flags['no-healthcheck']) return { Test: ['NONE'] };
  if (HEALTH_FLAGS.every((name) => flags[name] === undefined)) return undefined;
  return given({
    Test: flags['health-cmd'] === undefined ? undefined : ['CMD-SHELL', flags['health-cmd']],
    Interval: flags['health-interval'], Timeout: flags['health-timeout'], Retries: flags['health-retries'],
    StartPeriod: flags['health-start-period'], StartInterval: flags['health-start-interval'],
  });
}

function hostConfig(flags: CreateFlags, around: Surroundings): HostConfig {
  return {
    ...given({
      Init: flags.init, Memory: flags.memory, MemoryReservation: flags['memory-reservation'], MemorySwap: flags['memory-swap'],
      MemorySwappiness: flags['memory-swappiness'], NanoCpus: flags.cpus, CpuShares: flags['cpu-shares'], CpuPeriod: flags['cpu-period'],
      CpuQuota: flags['cpu-quota'], CpusetCpus: flags['cpuset-cpus'], CpusetMems: flags['cpuset-mems'], PidsLimit: flags['pids-limit'],
      BlkioWeight: flags['blkio-weight'], OomScoreAdj: flags['oom-score-adj'], ShmSize: flags['shm-size'], CgroupParent: flags['cgroup-parent'],
      CgroupnsMode: flags.cgroupns, IpcMode: flags.ipc, PidMode: flags.pid, UTSMode: flags.uts, UsernsMode: flags.userns, Runtime: flags.runtime,
      VolumeDriver: flags['volume-driver'], ContainerIDFile: flags.cidfile, ConsoleSize: around.consoleSize,
      OomKillDisable: flags['oom-kill-disable'] ? true : undefined,
      Annotations: flags.annotation.length === 0 ? undefined : keyValues(flags.annotation),
      Links: flags.link.length === 0 ? undefined : [...flags.link],
      Mounts: flags.mount.length === 0 ? undefined : [...flags.mount],
      Ulimits: flags.ulimit.length === 0 ? undefined : [...flags.ulimit],
      BlkioWeightDevice: flags['blkio-weight-device'].length === 0 ? undefined : flags['blkio-weight-device'].map((spec) => weightDevice(spec)),
      BlkioDeviceReadBps: throttles(flags['device-read-bps'], parseBytes), BlkioDeviceWriteBps: throttles(flags['device-write-bps'], parseBytes),
      BlkioDeviceReadIOps: throttles(flags['device-read-iops'], Number), BlkioDeviceWriteIOps: throttles(flags['device-write-iops'], Number),
      Devices: flags.device.length === 0 ? undefined : flags.device.map(parseDevice),
      DeviceCgroupRules: flags['device-cgroup-rule'].length === 0 ? undefined : [...flags['device-cgroup-rule']],
      Tmpfs: flags.tmpfs.length === 0 ? undefined : parseTmpfs(flags.tmpfs),
      Sysctls: flags.sysctl.length === 0 ? undefined : keyValues(flags.sysctl),
      StorageOpt: flags['storage-opt'].length === 0 ? undefined : keyValues(flags['storage-opt']),
      ...securityOptions(flags['security-opt']),
      VolumesFrom: flags['volumes-from'].length === 0 ? undefined : [...flags['volumes-from']],
      GroupAdd: flags['group-add'].length === 0 ? undefined : [...flags['group-add']],
      CapAdd: flags['cap-add'].length === 0 ? undefined : [...flags['cap-add']],
      CapDrop: flags['cap-drop'].length === 0 ? undefined : [...flags['cap-drop']],
      ExtraHosts: flags['add-host'].length === 0 ? undefined : [...flags['add-host']],
    }),
    Dns: [...flags.dns], DnsOptions: [...flags['dns-option']], DnsSearch: [...flags['dns-search']],
    Privileged: flags.privileged, ReadonlyRootfs: flags['read-only'], PublishAllPorts: flags['publish-all'], AutoRemove: flags.rm,
    LogConfig: { Type: flags['log-driver'] ?? '', Config: keyValues(flags['log-opt']) },
    RestartPolicy: parseRestart(flags.restart ?? 'no'),
  };
}

/** `/dev/sda:200` */
function weightDevice(spec: string): { Path: string; Weight: number } {
  const [, path = '', weight = ''] = /^(\/dev\/[^:]*):(\d+)$/.exec(spec) ?? [];
  if (path === '') throw new Error(`bad format: ${spec}`);
  return { Path: path, Weight: Number(weight) };
}

/** `/dev/sda:1mb`; undefined where there are none. */
function throttles(specs: readonly string[], parse: (text: string) => number): { Path: string; Rate: number }[] | undefined {
  if (specs.length === 0) return undefined;
  return specs.map((spec) => {
    const [, path = '', rate = ''] = /^(\/dev\/[^:]*):(.+)$/.exec(spec) ?? [];
    const parsed = path === '' ? NaN : parse(rate);
    if (!Number.isSafeInteger(parsed) || parsed < 0) throw new Error(`invalid rate for device: ${spec}`);
    return { Path: path, Rate: parsed };
  });
}

/** `always`, `on-failure:3`. @throws Error in docker's words */
export function parseRestart(policy: string): { Name: string; MaximumRetryCount: number } {
  const [name = 'no', retries] = policy.split(':');
  if (retries !== undefined && !/^\d+$/.test(retries)) throw new Error('invalid restart policy format: maximum retry count must be an integer');
  return { Name: name, MaximumRetryCount: Number(retries ?? 0) };
}

/** `/dev/x[:/dev/y][:rwm]` */
function parseDevice(spec: string): { PathOnHost: string; PathInContainer: string; CgroupPermissions: string } {
  const [host = '', second, third] = spec.split(':');
  if (host === '') throw new Error(`invalid device specification: ${spec}`);
  const isMode = (text: string | undefined): boolean => text !== undefined && /^[rwm]{1,3}$/.test(text);
  if (third !== undefined && !isMode(third)) throw new Error(`invalid device specification: ${spec}`);
  const inside = second === undefined || (third === undefined && isMode(second)) ? host : second;
  return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: third ?? (second !== undefined && isMode(second) ? second : 'rwm') };
}

/** `systempaths=unconfined` travels as empty lists of hidden paths. */
function securityOptions(options: readonly string[]): Pick<HostConfig, 'SecurityOpt' | 'MaskedPaths' | 'ReadonlyPaths'> {
  const kept = options.filter((option) => option !== 'systempaths=unconfined');
  return { ...(kept.length === 0 ? {} : { SecurityOpt: kept.map(securityOption) }), ...(kept.length < options.length ? { MaskedPaths: [], ReadonlyPaths: [] } : {}) };
}

/** A seccomp profile is a file here and content at the engine. */
function securityOption(option: string): string {
  const match = /^seccomp[=:](.+)$/.exec(option);
  const path = match?.[1];
  if (path === undefined || path === 'unconfined' || path === 'builtin') return option;
  try {
    return `seccomp=${JSON.stringify(JSON.parse(readFileSync(path, 'utf8')))}`;
  } catch (error) {
    throw new Error(error instanceof SyntaxError ? `compacting json for seccomp profile (${path}) failed: ${error.message}` : `opening seccomp profile (${path}) failed: open ${path}: ${reason(error)}`, { cause: error });
  }
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the fields that are undefined. */
function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
}
