import { InvalidArgumentError } from '../../api/errors.ts';
import type { ContainerConfig, HealthConfig } from '../../api/wire/container.ts';
import { type Digest, parseDigest } from '../content/digest.ts';
import { FieldReader, parseJsonObject } from './untrusted-json.ts';

/** An image's config blob, checked. Source: OCI image-spec, config.md; docker's additions in moby image/spec. */
export interface ImageConfig {
  architecture: string;
  variant?: string;
  os: string;
  osVersion?: string;
  /** RFC 3339; the beginning of time where the config has none. */
  created: string;
  author: string;
  comment: string;
  dockerVersion: string;
  /** Docker's spelling: it travels unchanged into containers. */
  config: ContainerConfig;
  diffIds: readonly Digest[];
  history: readonly HistoryEntry[];
}

export interface HistoryEntry {
  created: string;
  createdBy: string;
  comment: string;
  emptyLayer: boolean;
}

export const CONFIG_LIMIT_BYTES = 4 * 1024 * 1024;
/** What an image runs on, as its config says. */
export function platformOf({ os, architecture, variant }: Pick<ImageConfig, 'os' | 'architecture' | 'variant'>): { os: string; architecture: string; variant?: string } {
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

const LAYERS_LIMIT = 500;
const NEVER = '0001-01-01T00:00:00Z';

/** @throws InvalidArgumentError naming the field */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  if (bytes.length > CONFIG_LIMIT_BYTES) throw new InvalidArgumentError(`invalid image config: ${bytes.length} bytes are too many`);
  const fields = new FieldReader(parseJsonObject(bytes, 'image config'), 'image config');
  const variant = fields.string('variant');
  const osVersion = fields.string('os.version');
  return {
    architecture: fields.string('architecture') ?? '',
    ...(variant === undefined || variant === '' ? {} : { variant }),
    os: checkOs(fields.string('os')),
    ...(osVersion === undefined ? {} : { osVersion }),
    created: time(fields.string('created')),
    author: fields.string('author') ?? '',
    comment: fields.string('comment') ?? '',
    dockerVersion: fields.string('docker_version') ?? '',
    config: containerConfig(fields.object('config')),
    diffIds: diffIds(fields.object('rootfs')),
    history: (fields.objects('history') ?? []).map((entry) => ({
      created: time(entry.string('created')), createdBy: entry.string('created_by') ?? '', comment: entry.string('comment') ?? '', emptyLayer: entry.boolean('empty_layer') ?? false,
    })),
  };
}

function checkOs(os: string | undefined): string {
  if (os === undefined || os === '' || os === 'linux') return 'linux';
  throw new InvalidArgumentError(`image operating system ${JSON.stringify(os)} cannot be used on this platform`);
}

function time(value: string | undefined): string {
  return value === undefined || Number.isNaN(Date.parse(value)) ? NEVER : value;
}

function diffIds(rootfs: FieldReader | undefined): Digest[] {
  if (!rootfs) throw new InvalidArgumentError('invalid image config: there is no rootfs');
  const type = rootfs.string('type');
  if (type !== undefined && type !== 'layers') throw new InvalidArgumentError(`invalid image config: rootfs type ${JSON.stringify(type)}`);
  const ids = rootfs.strings('diff_ids') ?? [];
  if (ids.length > LAYERS_LIMIT) throw new InvalidArgumentError(`invalid image config: ${ids.length} layers are more than the ${LAYERS_LIMIT} that overlayfs can stack`);
  return ids.map(parseDigest);
}

function containerConfig(fields: FieldReader | undefined): ContainerConfig {
  if (!fields) return {};
  const config: ContainerConfig = {};
  const set = <K extends keyof ContainerConfig>(key: K, value: ContainerConfig[K] | undefined): void => {
    if (value !== undefined) config[key] = value;
  };
  for (const key of ['User', 'WorkingDir', 'StopSignal', 'Hostname', 'Domainname', 'Image'] as const) set(key, fields.string(key));
  for (const key of ['Env', 'OnBuild'] as const) set(key, fields.strings(key));
  for (const key of ['Cmd', 'Entrypoint', 'Shell'] as const) set(key, fields.command(key));
  for (const key of ['ExposedPorts', 'Volumes'] as const) set(key, fields.set(key));
  set('Labels', fields.record('Labels'));
  set('StopTimeout', fields.integer('StopTimeout'));
  set('Healthcheck', healthcheck(fields.object('Healthcheck')));
  return config;
}

function healthcheck(fields: FieldReader | undefined): HealthConfig | undefined {
  if (!fields) return undefined;
  const health: HealthConfig = {};
  const test = fields.strings('Test');
  if (test) health.Test = test;
  for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const) {
    const value = fields.integer(key);
    if (value !== undefined) health[key] = value;
  }
  return health;
}
