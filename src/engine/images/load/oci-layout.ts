import { InvalidArgumentError, NotFoundError } from '../../../api/errors.ts';
import { hexOf } from '../../content/digest.ts';
import { type Descriptor, type Manifest, MANIFEST_LIMIT_BYTES, MEDIA_TYPES, parseManifest, type Platform } from '../manifest.ts';
import { choosePlatform, formatPlatform } from '../../registry/platform.ts';
import { parseReference, type Reference, withDefaultTag } from '../reference.ts';
import type { ArchiveContents } from './archive-contents.ts';
import type { ArchivedImage, ArchivedManifest } from './archived-image.ts';

const NESTING_LIMIT = 4;
/** containerd's annotation holds the whole name; the specification's, often only the tag. */
const NAME_ANNOTATIONS = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'] as const;

/**
 * An OCI image layout: of every name the image that suits `wanted` best. What is no container image is left out. Source: OCI image-spec, image-layout.md.
 * @throws NotFoundError when a name has no image for that platform
 */
export async function readOciLayout(contents: ArchiveContents, wanted: Platform): Promise<ArchivedImage[]> {
  const index = parseManifest(await contents.read('index.json', MANIFEST_LIMIT_BYTES), 'index.json');
  if (index.kind !== 'index') throw new InvalidArgumentError('invalid index.json: it is no index');
  const images = new Map<string, ArchivedImage>();
  for (const entry of onePerName(index.manifests, wanted)) {
    const image = await resolve(contents, entry, { references: namesOf(entry), wanted, index: undefined }, 0);
    if (!image) continue;
    const known = images.get(image.manifest?.digest ?? '');
    images.set(image.manifest?.digest ?? '', known ? { ...known, references: [...known.references, ...image.references] } : image);
  }
  return [...images.values()];
}

/** Entries of one name for several platforms are one image for us: the one that suits this machine. */
function onePerName(entries: readonly Descriptor[], wanted: Platform): Descriptor[] {
  const groups = new Map<string, Descriptor[]>();
  for (const [position, entry] of entries.entries()) {
    const name = entry.annotations[NAME_ANNOTATIONS[0]] ?? entry.annotations[NAME_ANNOTATIONS[1]] ?? `#${position}`;
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return [...groups.values()].map((group) => (group.length > 1 ? choosePlatform(group, wanted) : undefined) ?? group.at(-1)).filter((entry) => entry !== undefined);
}

/** Configs of container images; other artifacts have other types. */
const CONFIG_TYPES: readonly string[] = [MEDIA_TYPES.ociConfig, MEDIA_TYPES.dockerConfig];

interface Found {
  references: readonly Reference[];
  wanted: Platform;
  /** The uppermost index on the way. */
  index: ArchivedManifest | undefined;
}

/** @returns undefined for an artifact that is no container image */
async function resolve(contents: ArchiveContents, entry: Descriptor, found: Found, depth: number): Promise<ArchivedImage | undefined> {
  const { references, wanted, index } = found;
  if (depth > NESTING_LIMIT) throw new InvalidArgumentError(`invalid archive: indexes are nested more than ${NESTING_LIMIT} deep`);
  const manifest = await readManifest(contents, entry);
  if (manifest.kind === 'index') {
    const chosen = choosePlatform(manifest.manifests, wanted);
    if (!chosen) throw new NotFoundError(`the archive has no image for ${formatPlatform(wanted)}: it has ${manifest.manifests.map(({ platform }) => (platform ? formatPlatform(platform) : 'unknown')).join(', ')}`);
    return resolve(contents, chosen, { ...found, index: index ?? { digest: entry.digest, mediaType: manifest.mediaType, name: blobName(entry) } }, depth + 1);
  }
  if (!CONFIG_TYPES.includes(manifest.config.mediaType)) return undefined;
  return {
    configName: blobName(manifest.config), layerNames: manifest.layers.map(blobName), references,
    manifest: { digest: entry.digest, mediaType: manifest.mediaType, name: blobName(entry) }, ...(index ? { index } : {}),
  };
}

async function readManifest(contents: ArchiveContents, entry: Descriptor): Promise<Manifest> {
  const bytes = await contents.read(blobName(entry), MANIFEST_LIMIT_BYTES);
  if (bytes.length !== entry.size) throw new InvalidArgumentError(`invalid archive: ${entry.digest} has ${bytes.length} bytes, ${entry.size} are announced`);
  return parseManifest(bytes, `manifest ${entry.digest}`);
}

function blobName({ digest }: Descriptor): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

/** A lone word as ref.name is a tag without a name, which names nothing here. */
function namesOf({ annotations }: Descriptor): Reference[] {
  const [full, short] = NAME_ANNOTATIONS.map((key) => annotations[key]);
  const name = full ?? (short !== undefined && /[:/]/.test(short) ? short : undefined);
  return name === undefined || name === '' ? [] : [withDefaultTag(parseReference(name))];
}
