import type { ContainerConfig, HostConfig } from '../../api/wire/container.ts';
import type { SpecReason } from '../../api/wire/explain.ts';
import type { OciSpec } from '../runtime/oci-spec.ts';
import { leavesOf } from './spec-leaves.ts';

export interface SpecOrigin {
  id: string;
  config: ContainerConfig;
  hostConfig: HostConfig;
  /** Of the image that it was made from; undefined when that has gone. */
  image: ContainerConfig | undefined;
  /** Why each mount is there, by destination. */
  mounts: ReadonlyMap<string, string>;
}

type Reason = Pick<SpecReason, 'from' | 'why'>;

const byDefault = (why = 'default'): Reason => ({ from: 'default', why });
const byFlag = (why: string): Reason => ({ from: 'flag', why });
const byImage = (why: string): Reason => ({ from: 'image', why });
const byEngine = (why: string): Reason => ({ from: 'engine', why });

/** Why each line of a spec is there. Pure. */
export function specReasons(spec: OciSpec, origin: SpecOrigin): SpecReason[] {
  return leavesOf(spec).map(({ path, value }) => ({ path, value, ...reasonOf(path, value, origin) }));
}

function reasonOf(path: string, value: string, origin: SpecOrigin): Reason {
  const [field, name] = splitOnce(path);
  const rule = RULES[field];
  if (rule) return rule(origin, name, value);
  const prefix = Object.keys(PREFIXES).find((candidate) => field.startsWith(candidate));
  return (prefix === undefined ? undefined : PREFIXES[prefix]?.(origin, field, value)) ?? byEngine('set by the engine');
}

const RULES: Readonly<Record<string, (origin: SpecOrigin, name: string, value: string) => Reason>> = {
  ociVersion: () => byEngine('version of the OCI runtime specification'),
  hostname: ({ config, id }) => (config.Hostname === id.slice(0, 12) ? byDefault('the first 12 digits of its id') : byFlag('--hostname')),
  domainname: () => byFlag('--domainname'),
  'root.path': () => byEngine('the image\'s layers with its own on top'),
  'root.readonly': ({ hostConfig }) => (hostConfig.ReadonlyRootfs === true ? byFlag('--read-only') : byDefault()),
  'process.terminal': ({ config }) => (config.Tty === true ? byFlag('--tty') : byDefault()),
  'process.user': (origin) => chosen(origin, 'User', '--user', 'USER', 'root'),
  'process.cwd': (origin) => chosen(origin, 'WorkingDir', '--workdir', 'WORKDIR', '/'),
  'process.args': (origin) => commandReason(origin),
  'process.env': (origin, name, value) => environmentReason(origin, name, value),
  'process.capabilities': ({ hostConfig }) => capabilityReason(hostConfig),
  'process.rlimits': ({ hostConfig }, name) => ((hostConfig.Ulimits ?? []).some((limit) => `RLIMIT_${(limit.Name ?? '').toUpperCase()}` === name) ? byFlag(`--ulimit ${name.replace('RLIMIT_', '').toLowerCase()}`) : byEngine('the engine\'s own limit')),
  'process.noNewPrivileges': (_, __, value) => (value === 'true' ? byFlag('--security-opt no-new-privileges') : byDefault()),
  'process.oomScoreAdj': () => byFlag('--oom-score-adj'),
  'process.apparmorProfile': ({ hostConfig }) => (hostConfig.SecurityOpt?.some((option) => option.startsWith('apparmor')) === true ? byFlag('--security-opt apparmor') : byDefault()),
  mounts: ({ mounts }, name) => mountReason(mounts.get(name)),
  'linux.namespaces': ({ hostConfig }, name) => namespaceReason(hostConfig, name),
  'linux.cgroupsPath': ({ hostConfig }) => (hostConfig.CgroupParent ? byFlag('--cgroup-parent') : byDefault('/strata and its id')),
  'linux.resources.devices': ({ hostConfig }) => (hostConfig.Privileged === true ? byFlag('--privileged') : (hostConfig.Devices ?? []).length + (hostConfig.DeviceCgroupRules ?? []).length > 0 ? byFlag('default, --device and --device-cgroup-rule') : byDefault('null, zero, full, random, tty and terminals')),
  'linux.devices': () => byFlag('--device'),
  'linux.maskedPaths': () => byDefault('what tells of the machine or changes it is hidden'),
  'linux.readonlyPaths': () => byDefault('what changes the machine cannot be written'),
  'linux.sysctl': () => byFlag('--sysctl'),
  'linux.seccomp': ({ hostConfig }) => seccompReason(hostConfig),
};

/** By the beginning of the field. */
const PREFIXES: Readonly<Record<string, (origin: SpecOrigin, field: string, value: string) => Reason>> = {
  'linux.resources.memory.swap': ({ hostConfig }, field) => (field.endsWith('swappiness') ? byFlag('--memory-swappiness') : hostConfig.MemorySwap === 2 * (hostConfig.Memory ?? 0) ? byDefault('twice --memory, or --memory-swap') : byFlag('--memory-swap')),
  'linux.resources.memory.reservation': () => byFlag('--memory-reservation'),
  'linux.resources.memory.disableOOMKiller': () => byFlag('--oom-kill-disable'),
  'linux.resources.memory': () => byFlag('--memory'),
  'linux.resources.cpu.shares': () => byFlag('--cpu-shares'),
  'linux.resources.cpu.cpus': () => byFlag('--cpuset-cpus'),
  'linux.resources.cpu.mems': () => byFlag('--cpuset-mems'),
  'linux.resources.cpu.realtime': () => byFlag('--cpu-rt-period, --cpu-rt-runtime'),
  'linux.resources.cpu': ({ hostConfig }) => byFlag(hostConfig.NanoCpus ? '--cpus' : '--cpu-period, --cpu-quota'),
  'linux.resources.pids': () => byFlag('--pids-limit'),
  'linux.resources.blockIO': () => byFlag('--blkio-weight, --device-read-bps and their kind'),
};

/** The image's value counts as the reason where both say the same. */
function chosen({ config, image }: SpecOrigin, key: 'User' | 'WorkingDir', flag: string, instruction: string, fallback: string): Reason {
  const own = config[key] ?? '';
  if (own === '') return byDefault(fallback);
  return own === (image?.[key] ?? '') ? byImage(`${instruction} ${own}`) : byFlag(`${flag} ${own}`);
}

function commandReason({ config, image }: SpecOrigin): Reason {
  const same = (a: readonly string[] | null | undefined, b: readonly string[] | null | undefined): boolean => JSON.stringify(a ?? []) === JSON.stringify(b ?? []);
  const hasEntrypoint = (config.Entrypoint ?? []).length > 0;
  const entrypoint = !hasEntrypoint ? '' : same(config.Entrypoint, image?.Entrypoint) ? 'ENTRYPOINT' : '--entrypoint';
  const command = (config.Cmd ?? []).length === 0 ? '' : same(config.Cmd, image?.Cmd) ? 'CMD' : 'the command line';
  const why = [entrypoint, command].filter((part) => part !== '').join(' and ');
  return why.includes('--') || why.includes('line') ? byFlag(why) : byImage(why);
}

function environmentReason({ config, image }: SpecOrigin, name: string, value: string): Reason {
  const entry = `${name}=${value}`;
  if (image?.Env?.includes(entry) === true) return byImage(`ENV ${name}`);
  if (config.Env?.includes(entry) === true) return byFlag(`--env ${name}`);
  return byDefault({ PATH: 'where programs are', HOSTNAME: 'its own name', HOME: 'the user\'s in /etc/passwd', TERM: 'it has a terminal' }[name] ?? 'default');
}

function capabilityReason(host: HostConfig): Reason {
  if (host.Privileged === true) return byFlag('--privileged');
  const changes = [...(host.CapAdd ?? []).map((name) => `--cap-add ${name}`), ...(host.CapDrop ?? []).map((name) => `--cap-drop ${name}`)];
  return changes.length === 0 ? byDefault('docker\'s default set') : byFlag(`default set, ${changes.join(', ')}`);
}

function mountReason(why: string | undefined): Reason {
  if (why === undefined) return byDefault('every container has it');
  return why.startsWith('-') ? byFlag(why) : why.startsWith('VOLUME') ? byImage(why) : byEngine(why);
}

export function namespaceReason(host: HostConfig, type: string): Reason {
  const [flag, mode] = ({
    network: ['--network', host.NetworkMode], pid: ['--pid', host.PidMode], ipc: ['--ipc', host.IpcMode], uts: ['--uts', host.UTSMode], cgroup: ['--cgroupns', host.CgroupnsMode], user: ['--userns', host.UsernsMode],
  } as Record<string, [string, string | undefined]>)[type] ?? ['', undefined];
  const isPlain = mode === undefined || mode === '' || mode === 'private' || mode === 'bridge' || mode === 'default' || (type === 'cgroup' && mode === 'host');
  return isPlain ? byDefault(mode === 'host' ? 'the host\'s, as under cgroup v1' : 'its own') : byFlag(`${flag} ${mode}`);
}

export function seccompReason(host: HostConfig): Reason {
  const option = (host.SecurityOpt ?? []).findLast((text) => /^seccomp[=:]/.test(text));
  if (option !== undefined) return byFlag('--security-opt seccomp');
  return host.Privileged === true ? byFlag('--privileged') : byDefault('the profile of Debian\'s containers-common');
}

function splitOnce(path: string): [string, string] {
  const at = path.indexOf(' ');
  return at === -1 ? [path, ''] : [path.slice(0, at), path.slice(at + 1)];
}
