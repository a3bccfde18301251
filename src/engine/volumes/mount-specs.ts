import { isAbsolute, normalize } from 'node:path';
import type { ContainerConfig, HostConfig, MountSpec } from '../../api/wire/container.ts';
import { InvalidArgumentError } from '../../api/errors.ts';

/** A mount that a container asked for, understood and checked; volumes are not yet made, sources not yet looked at. */
export interface WantedMount {
  type: 'bind' | 'volume' | 'tmpfs' | 'image';
  /** bind: absolute host path. volume: name, or undefined for an anonymous one. image: as it was named. */
  source?: string;
  /** Absolute and normalised. */
  destination: string;
  readOnly: boolean;
  /** The options as they were written, for `docker inspect`. */
  mode: string;
  propagation: string;
  /** bind: make the source if it is missing (`-v`), or fail (`--mount`). */
  createSource: boolean;
  /** bind: without what is mounted below it. */
  nonRecursive: boolean;
  /** volume: do not fill a new one with what the image has there. */
  noCopy: boolean;
  /** volume: labels of one that has yet to be made. */
  labels?: Readonly<Record<string, string>>;
  /** volume: options of the driver for one that has yet to be made. */
  driverOptions?: Readonly<Record<string, string>>;
  /** volume, image: only what lies there, relative. */
  subpath?: string;
  /** tmpfs: options of mount(8). */
  tmpfsOptions?: readonly string[];
}

const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
const VOLUME_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/**
 * All mounts of a container request. Where two name the same destination, `--mount` collides with `-v`, and both replace what the
 * image's VOLUME says. Pure.
 * @throws InvalidArgumentError in dockerd's words
 */
export function wantedMounts(config: ContainerConfig, host: HostConfig): WantedMount[] {
  const byDestination = new Map<string, WantedMount>();
  const add = (mount: WantedMount): void => {
    if (byDestination.has(mount.destination)) throw new InvalidArgumentError(`Duplicate mount point: ${mount.destination}`);
    byDestination.set(mount.destination, mount);
  };
  for (const bind of host.Binds ?? []) add(parseBind(bind));
  for (const spec of host.Mounts ?? []) add(fromMountSpec(spec));
  for (const [destination, options] of Object.entries(host.Tmpfs ?? {})) add(tmpfs(destination, options.split(',').filter((option) => option !== '')));
  for (const destination of Object.keys(config.Volumes ?? {})) {
    const mount = anonymous(destination);
    if (!byDestination.has(mount.destination)) byDestination.set(mount.destination, mount);
  }
  return [...byDestination.values()];
}

/** What dockerd says of the volumes that somebody names, with SELinux or without. */
const SHARED_LABEL = 'z';

/** `source:destination[:options]` of `-v`, or `destination` alone. */
export function parseBind(text: string): WantedMount {
  const parts = text.split(':');
  if (parts.length > 3 || parts.some((part) => part === '')) throw new InvalidArgumentError(`invalid volume specification: '${text}'`);
  const [first = '', destination, mode = ''] = parts;
  if (destination === undefined) return anonymous(first);
  const options = parseMode(text, mode);
  const base = { destination: checkDestination(destination), mode, ...options };
  if (isAbsolute(first)) return { ...base, type: 'bind', source: normalize(first), createSource: true, nonRecursive: false };
  if (!VOLUME_NAME.test(first)) {
    throw new InvalidArgumentError(`create ${first}: "${first}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`);
  }
  return { ...base, mode: mode === '' ? SHARED_LABEL : mode, type: 'volume', source: first, createSource: false, nonRecursive: false };
}

function parseMode(text: string, mode: string): { readOnly: boolean; propagation: string; noCopy: boolean } {
  let readOnly = false;
  let propagation = '';
  let noCopy = false;
  for (const option of mode === '' ? [] : mode.split(',')) {
    if (option === 'ro') readOnly = true;
    else if (option === 'nocopy') noCopy = true;
    else if (PROPAGATIONS.includes(option)) propagation = option;
    // SELinux labels and macOS consistency hints mean nothing here; scripts carry them.
    else if (!['rw', 'z', 'Z', 'cached', 'delegated', 'consistent'].includes(option)) throw new InvalidArgumentError(`invalid volume specification: '${text}': invalid mode: ${mode}`);
  }
  return { readOnly, propagation, noCopy };
}

function fromMountSpec(spec: MountSpec): WantedMount {
  const { Type: type = '', Source: source = '', Target: target = '' } = spec;
  const fail = (why: string): never => { throw new InvalidArgumentError(`invalid mount config for type "${type}": ${why}`); };
  if (target === '') fail('field Target must not be empty');
  const base = { destination: checkDestination(target), readOnly: spec.ReadOnly === true, mode: '', propagation: spec.BindOptions?.Propagation ?? '', createSource: false, nonRecursive: false, noCopy: false };
  if (type === 'bind') {
    if (source === '') fail('field Source must not be empty');
    if (!isAbsolute(source)) fail(`invalid mount path: '${source}' mount path must be absolute`);
    if (base.propagation !== '' && !PROPAGATIONS.includes(base.propagation)) fail(`invalid propagation mode: ${base.propagation}`);
    return { ...base, type: 'bind', source: normalize(source), createSource: spec.BindOptions?.CreateMountpoint === true, nonRecursive: spec.BindOptions?.NonRecursive === true };
  }
  if (type === 'volume') {
    if (source !== '' && !VOLUME_NAME.test(source)) fail(`"${source}" includes invalid characters for a local volume name`);
    const driver = spec.VolumeOptions?.DriverConfig?.Name ?? '';
    if (driver !== '' && driver !== 'local') fail(`volume driver "${driver}" is not known: only local is`);
    const part = subpathOf(spec.VolumeOptions?.Subpath, fail);
    if (part.subpath !== undefined && source === '') fail('must not set Subpath when using anonymous volumes');
    return {
      ...base, ...part, mode: SHARED_LABEL, type: 'volume', ...(source === '' ? {} : { source }), noCopy: spec.VolumeOptions?.NoCopy === true || part.subpath !== undefined,
      labels: spec.VolumeOptions?.Labels ?? {}, driverOptions: spec.VolumeOptions?.DriverConfig?.Options ?? {},
    };
  }
  if (type === 'image') {
    if (source === '') fail('field Source must not be empty');
    return { ...base, ...subpathOf(spec.ImageOptions?.Subpath, fail), type: 'image', source, noCopy: true };
  }
  if (type === 'tmpfs') {
    const { SizeBytes: size, Mode: mode } = spec.TmpfsOptions ?? {};
    return { ...tmpfs(target, [...(size ? [`size=${String(size)}`] : []), ...(mode ? [`mode=${mode.toString(8)}`] : []), ...(spec.ReadOnly === true ? ['ro'] : [])]) };
  }
  throw new InvalidArgumentError(`mount type unknown: "${type}"`);
}

function subpathOf(text: string | undefined, fail: (why: string) => never): { subpath?: string } {
  if (text === undefined || text === '') return {};
  const clean = normalize(text);
  if (isAbsolute(text) || clean === '..' || clean.startsWith('../')) fail('subpath must be a relative path within the volume');
  return { subpath: clean };
}

function tmpfs(destination: string, options: readonly string[]): WantedMount {
  return {
    type: 'tmpfs', destination: checkDestination(destination), readOnly: options.includes('ro'), mode: '', propagation: '', createSource: false,
    nonRecursive: false, noCopy: true, tmpfsOptions: options,
  };
}

function anonymous(destination: string): WantedMount {
  return { type: 'volume', destination: checkDestination(destination), readOnly: false, mode: '', propagation: '', createSource: false, nonRecursive: false, noCopy: false };
}

function checkDestination(path: string): string {
  if (!isAbsolute(path)) throw new InvalidArgumentError(`invalid mount path: '${path}' mount path must be absolute`);
  const clean = normalize(path).replace(/(?<=.)\/+$/, '');
  if (clean === '/') throw new InvalidArgumentError("invalid specification: destination can't be '/'");
  return clean;
}
