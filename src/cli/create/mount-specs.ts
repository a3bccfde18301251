import { homedir } from 'node:os';
import { posix, resolve } from 'node:path';
import type { MountSpec } from '../../api/wire/container.ts';
import { InvalidFlagValue } from '../grammar/flag.ts';
import { parseBytes } from './values.ts';

export interface VolumeSpecs {
  binds: string[];
  /** Paths that get a volume without a name. */
  anonymous: Record<string, Record<string, never>>;
}

/** `-v [SOURCE:]TARGET[:OPTIONS]`. A source that begins with `.` or `~` is a path on this machine. @throws Error */
export function parseVolumes(specs: readonly string[]): VolumeSpecs {
  const volumes: VolumeSpecs = { binds: [], anonymous: {} };
  for (const spec of specs) {
    if (spec === '') throw new Error('invalid empty volume spec');
    const parts = spec.split(':');
    if (parts.some((part) => part === '')) throw new Error(`invalid spec: ${spec}: empty section between colons`);
    if (parts.length > 3) throw new Error(`invalid spec: ${spec}: too many colons`);
    const [source = '', ...rest] = parts;
    if (rest.length === 0) volumes.anonymous[source] = {};
    else volumes.binds.push([hostPath(source), ...rest].join(':'));
  }
  return volumes;
}

function hostPath(source: string): string {
  if (source === '~' || source.startsWith('~/')) return homedir() + source.slice(1);
  return source === '.' || source === '..' || source.startsWith('./') || source.startsWith('../') ? resolve(source) : source;
}

/** `--tmpfs PATH[:OPTIONS]` */
export function parseTmpfs(specs: readonly string[]): Record<string, string> {
  return Object.fromEntries(specs.map((spec) => {
    const colon = spec.indexOf(':');
    return colon < 0 ? [spec, ''] : [spec.slice(0, colon), spec.slice(colon + 1)];
  }));
}

type Setter = (mount: MountSpec, value: string) => void;

/** Keys of `--mount`, each with its other spellings. */
const SETTERS: Readonly<Record<string, Setter>> = {
  type: (mount, value) => { mount.Type = value.toLowerCase() as NonNullable<MountSpec['Type']>; },
  source: (mount, value) => { mount.Source = value; },
  src: (mount, value) => { mount.Source = value; },
  target: (mount, value) => { mount.Target = value; },
  dst: (mount, value) => { mount.Target = value; },
  destination: (mount, value) => { mount.Target = value; },
  readonly: (mount, value) => { mount.ReadOnly = boolean('readonly', value); },
  ro: (mount, value) => { mount.ReadOnly = boolean('ro', value); },
  consistency: (mount, value) => { mount.Consistency = value.toLowerCase(); },
  'bind-propagation': (mount, value) => { (mount.BindOptions ??= {}).Propagation = value.toLowerCase(); },
  'bind-nonrecursive': (mount, value) => { (mount.BindOptions ??= {}).NonRecursive = boolean('bind-nonrecursive', value); },
  'bind-recursive': (mount, value) => { if (value === 'disabled') (mount.BindOptions ??= {}).NonRecursive = true; },
  'bind-create-src': (mount, value) => { (mount.BindOptions ??= {}).CreateMountpoint = boolean('bind-create-src', value); },
  'volume-nocopy': (mount, value) => { (mount.VolumeOptions ??= {}).NoCopy = boolean('volume-nocopy', value); },
  'volume-subpath': (mount, value) => { (mount.VolumeOptions ??= {}).Subpath = value; },
  'volume-label': (mount, value) => { Object.assign(((mount.VolumeOptions ??= {}).Labels ??= {}), pair(value)); },
  'volume-driver': (mount, value) => { ((mount.VolumeOptions ??= {}).DriverConfig ??= {}).Name = value; },
  'volume-opt': (mount, value) => { Object.assign((((mount.VolumeOptions ??= {}).DriverConfig ??= {}).Options ??= {}), pair(value)); },
  'tmpfs-size': (mount, value) => { (mount.TmpfsOptions ??= {}).SizeBytes = parseBytes(value); },
  'tmpfs-mode': (mount, value) => { (mount.TmpfsOptions ??= {}).Mode = octal(value); },
};

/** `--mount type=bind,source=/a,target=/b,readonly`. @throws InvalidFlagValue */
export function parseMount(text: string): MountSpec {
  const mount: MountSpec = { Type: 'volume' };
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
    const setter = Object.hasOwn(SETTERS, key) ? SETTERS[key] : undefined;
    if (setter === undefined) throw new InvalidFlagValue(equals < 0 ? `invalid field '${field}' must be a key=value pair` : `unexpected key '${key}' in '${field}'`);
    if (equals < 0 && !['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive', 'bind-create-src'].includes(key)) throw new InvalidFlagValue(`invalid field '${field}' must be a key=value pair`);
    setter(mount, equals < 0 ? 'true' : field.slice(equals + 1));
  }
  if (mount.Type === undefined) throw new InvalidFlagValue('type is required');
  if (mount.Target === undefined || mount.Target === '') throw new InvalidFlagValue('target is required');
  if (mount.Type === 'bind' && mount.Source !== undefined && !posix.isAbsolute(mount.Source)) mount.Source = resolve(mount.Source);
  return mount;
}

function boolean(key: string, value: string): boolean {
  if (['true', '1'].includes(value.toLowerCase())) return true;
  if (['false', '0'].includes(value.toLowerCase())) return false;
  throw new InvalidFlagValue(`invalid value for ${key}: ${value}`);
}

function octal(value: string): number {
  if (!/^[0-7]+$/.test(value)) throw new InvalidFlagValue(`invalid value for tmpfs-mode: ${value}`);
  return Number.parseInt(value, 8);
}

function pair(text: string): Record<string, string> {
  const equals = text.indexOf('=');
  return equals < 0 ? { [text]: '' } : { [text.slice(0, equals)]: text.slice(equals + 1) };
}

/** One line of comma-separated values (RFC 4180): a quoted field may hold commas. */
export function csvFields(text: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (quoted && character === '"' && text[at + 1] === '"') {
      field += '"';
      at += 1;
    } else if (character === '"' && (quoted || field === '')) quoted = !quoted;
    else if (character === ',' && !quoted) {
      fields.push(field);
      field = '';
    } else field += character;
  }
  return [...fields, field];
}
