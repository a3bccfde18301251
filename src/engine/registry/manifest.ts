import { InvalidArgumentError } from '../../api/errors.ts';
import { type Digest, parseDigest } from '../content/digest.ts';

/** Source: OCI image-spec, image-index.md, "platform". */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
  osVersion?: string;
  osFeatures?: readonly string[];
}

/** Source: OCI image-spec, descriptor.md. */
export interface Descriptor {
  mediaType: string;
  digest: Digest;
  /** Bytes. */
  size: number;
  platform?: Platform;
  annotations?: Readonly<Record<string, string>>;
  artifactType?: string;
}

export interface ImageManifest {
  kind: 'manifest';
  mediaType: string;
  config: Descriptor;
  layers: readonly Descriptor[];
  annotations?: Readonly<Record<string, string>>;
}

export interface ImageIndex {
  kind: 'index';
  mediaType: string;
  manifests: readonly Descriptor[];
  annotations?: Readonly<Record<string, string>>;
}

export const MEDIA = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
} as const;

/** What manifests are asked for, newest forms first. */
export const MANIFEST_ACCEPT = [MEDIA.ociIndex, MEDIA.dockerList, MEDIA.ociManifest, MEDIA.dockerManifest].join(', ');
/** Larger ones are refused by the distribution specification's own advice. */
export const MANIFEST_LIMIT_BYTES = 4 * 1024 * 1024;
const MOST_ENTRIES = 5000;

export function isManifestType(mediaType: string): boolean {
  return mediaType === MEDIA.ociManifest || mediaType === MEDIA.dockerManifest;
}

export function isIndexType(mediaType: string): boolean {
  return mediaType === MEDIA.ociIndex || mediaType === MEDIA.dockerList;
}

/**
 * Reads an image manifest or an index, OCI's or docker's. What the document says about itself decides, never a Content-Type: the
 * digest vouches for the document alone. One that could be read as both kinds is refused (CVE-2021-41190).
 * @throws InvalidArgumentError that names what is wrong
 */
export function parseManifest(bytes: Uint8Array): ImageManifest | ImageIndex {
  const fields = parseObject(bytes);
  const version = fields.get('schemaVersion');
  if (version === 1) throw new InvalidArgumentError('manifest has schema version 1, which is not supported: push the image again with a current tool');
  if (version !== 2) throw new InvalidArgumentError(`manifest has an unknown schema version: ${JSON.stringify(version)?.slice(0, 50) ?? 'none'}`);
  const isIndex = fields.has('manifests');
  if (isIndex && (fields.has('layers') || fields.has('config'))) throw new InvalidArgumentError('manifest is both an image and an index');
  const mediaType = mediaTypeOf(fields.get('mediaType'), isIndex);
  const annotations = parseAnnotations(fields.get('annotations'));
  const common = { mediaType, ...(annotations ? { annotations } : {}) };
  if (isIndex) return { kind: 'index', manifests: parseList(fields.get('manifests'), 'manifests'), ...common };
  return { kind: 'manifest', config: parseDescriptor(fields.get('config'), 'config'), layers: parseList(fields.get('layers'), 'layers'), ...common };
}

function parseObject(bytes: Uint8Array): ReadonlyMap<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new InvalidArgumentError('manifest is no JSON', { cause });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new InvalidArgumentError('manifest is no JSON object');
  return new Map(Object.entries(parsed));
}

function mediaTypeOf(value: unknown, isIndex: boolean): string {
  if (value === undefined || value === '') return isIndex ? MEDIA.ociIndex : MEDIA.ociManifest;
  if (typeof value === 'string' && (isIndex ? isIndexType(value) : isManifestType(value))) return value;
  throw new InvalidArgumentError(`unsupported manifest media type ${JSON.stringify(value).slice(0, 120)}`);
}

function parseList(value: unknown, name: string): Descriptor[] {
  if (!Array.isArray(value)) throw new InvalidArgumentError(`manifest has no list of ${name}`);
  if (value.length > MOST_ENTRIES) throw new InvalidArgumentError(`manifest has ${value.length} ${name}: at most ${MOST_ENTRIES} are taken`);
  return value.map((entry, index) => parseDescriptor(entry, `${name}[${index}]`));
}

function parseDescriptor(value: unknown, name: string): Descriptor {
  if (typeof value !== 'object' || value === null) throw new InvalidArgumentError(`manifest has no ${name}`);
  const fields = new Map<string, unknown>(Object.entries(value));
  const [mediaType, size, artifactType] = [fields.get('mediaType'), fields.get('size'), fields.get('artifactType')];
  if (typeof mediaType !== 'string' || !/^[\w.+/-]+(?:;[\w=. -]*)?$/.test(mediaType)) throw new InvalidArgumentError(`manifest has an invalid media type in ${name}`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw new InvalidArgumentError(`manifest has an invalid size in ${name}`);
  const platform = parsePlatform(fields.get('platform'));
  const annotations = parseAnnotations(fields.get('annotations'));
  return {
    mediaType, digest: parseDigest(fields.get('digest')), size,
    ...(platform ? { platform } : {}), ...(annotations ? { annotations } : {}), ...(typeof artifactType === 'string' && artifactType !== '' ? { artifactType } : {}),
  };
}

function parsePlatform(value: unknown): Platform | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const text = (key: string): string => {
    const found = fields.get(key);
    return typeof found === 'string' ? found : '';
  };
  const features = fields.get('os.features');
  return {
    os: text('os'), architecture: text('architecture'),
    ...(text('variant') === '' ? {} : { variant: text('variant') }),
    ...(text('os.version') === '' ? {} : { osVersion: text('os.version') }),
    ...(Array.isArray(features) ? { osFeatures: features.filter((feature) => typeof feature === 'string') } : {}),
  };
}

function parseAnnotations(value: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
