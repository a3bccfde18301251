import { InvalidArgumentError } from '../../api/errors.ts';
import { type Digest, parseDigest } from '../content/digest.ts';
import { FieldReader, parseJsonObject } from './untrusted-json.ts';

export interface Descriptor {
  mediaType: string;
  digest: Digest;
  size: number;
  annotations: Readonly<Record<string, string>>;
  platform: Platform | undefined;
}

export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

export type Manifest =
  | { kind: 'image'; mediaType: string; config: Descriptor; layers: readonly Descriptor[] }
  | { kind: 'index'; mediaType: string; manifests: readonly Descriptor[] };

export const MEDIA_TYPES = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
} as const;

export const MANIFEST_LIMIT_BYTES = 4 * 1024 * 1024;
const ENTRIES_LIMIT = 1000;
const INDEXES: readonly string[] = [MEDIA_TYPES.ociIndex, MEDIA_TYPES.dockerList];
/** Of one image, not of several. */
export const IMAGE_MANIFESTS: readonly string[] = [MEDIA_TYPES.ociManifest, MEDIA_TYPES.dockerManifest];

/**
 * A manifest or an index, OCI's or Docker's (schema 2). What it is decides its own `mediaType`, or else its shape; a document that is both
 * is refused, because two readers could take it for two things.
 * @throws InvalidArgumentError
 */
export function parseManifest(bytes: Uint8Array, what = 'manifest'): Manifest {
  if (bytes.length > MANIFEST_LIMIT_BYTES) throw new InvalidArgumentError(`invalid ${what}: ${bytes.length} bytes are too many`);
  const object = parseJsonObject(bytes, what);
  const fields = new FieldReader(object, what);
  if (object['schemaVersion'] === 1) throw new InvalidArgumentError(`${what} of schema version 1 is not supported: push the image again with a current tool`);
  const isIndex = object['manifests'] !== undefined;
  if (isIndex && (object['layers'] !== undefined || object['config'] !== undefined)) throw new InvalidArgumentError(`invalid ${what}: it is an index and an image at once`);
  const mediaType = fields.string('mediaType') ?? (isIndex ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.ociManifest);
  if (isIndex ? !INDEXES.includes(mediaType) : !IMAGE_MANIFESTS.includes(mediaType)) throw new InvalidArgumentError(`invalid ${what}: media type ${JSON.stringify(mediaType)} does not fit its content`);
  if (isIndex) return { kind: 'index', mediaType, manifests: descriptors(fields, 'manifests', what) };
  const config = fields.object('config');
  if (!config) throw new InvalidArgumentError(`invalid ${what}: there is no config`);
  return { kind: 'image', mediaType, config: descriptor(config, what), layers: descriptors(fields, 'layers', what) };
}

function descriptors(fields: FieldReader, name: string, what: string): Descriptor[] {
  const list = fields.objects(name) ?? [];
  if (list.length > ENTRIES_LIMIT) throw new InvalidArgumentError(`invalid ${what}: ${list.length} entries are too many`);
  return list.map((item) => descriptor(item, what));
}

function descriptor(fields: FieldReader, what: string): Descriptor {
  const size = fields.size('size');
  if (size === undefined) throw new InvalidArgumentError(`invalid ${what}: a descriptor has no size`);
  return {
    mediaType: fields.string('mediaType') ?? '', digest: parseDigest(fields.string('digest')), size,
    annotations: fields.record('annotations') ?? {}, platform: platform(fields.object('platform')),
  };
}

function platform(fields: FieldReader | undefined): Platform | undefined {
  if (!fields) return undefined;
  const variant = fields.string('variant');
  return { os: fields.string('os') ?? '', architecture: fields.string('architecture') ?? '', ...(variant === undefined ? {} : { variant }) };
}
