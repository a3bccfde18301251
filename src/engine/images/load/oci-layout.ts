import { InvalidArgumentError, NotFoundError } from '../../../api/errors.ts';
import { hexOf } from '../../content/digest.ts';
import { type Descriptor, type Manifest, MANIFEST_LIMIT_BYTES, parseManifest } from '../manifest.ts';
import { choosePlatform, formatPlatform, hostPlatform } from '../../registry/platform.ts';
import { parseReference, type Reference, withDefaultTag } from '../reference.ts';
import type { ArchiveContents } from './archive-contents.ts';
import type { ArchivedImage } from './archived-image.ts';

const NESTING_LIMIT = 4;
/** containerd's annotation holds the whole name; the specification's, often only the tag. */
const NAME_ANNOTATIONS = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'] as const;

/** An OCI image layout. Source: OCI image-spec, image-layout.md. */
export async function readOciLayout(contents: ArchiveContents): Promise<ArchivedImage[]> {
  const index = parseManifest(await contents.read('index.json', MANIFEST_LIMIT_BYTES), 'index.json');
  if (index.kind !== 'index') throw new InvalidArgumentError('invalid index.json: it is no index');
  const images = new Map<string, ArchivedImage>();
  for (const entry of onePerName(index.manifests)) {
    const image = await resolve(contents, entry, namesOf(entry), 0);
    const known = images.get(image.manifest?.digest ?? '');
    images.set(image.manifest?.digest ?? '', known ? { ...known, references: [...known.references, ...image.references] } : image);
  }
  return [...images.values()];
}

/** Entries of one name for several platforms are one image for us: the one that suits this machine. */
function onePerName(entries: readonly Descriptor[]): Descriptor[] {
  const groups = new Map<string, Descriptor[]>();
  for (const [position, entry] of entries.entries()) {
    const name = entry.annotations[NAME_ANNOTATIONS[0]] ?? entry.annotations[NAME_ANNOTATIONS[1]] ?? `#${position}`;
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return [...groups.values()].map((group) => (group.length > 1 ? choose(group) : undefined) ?? group.at(-1)).filter((entry) => entry !== undefined);
}

function choose(entries: readonly Descriptor[]): Descriptor | undefined {
  return choosePlatform(entries, hostPlatform());
}

async function resolve(contents: ArchiveContents, entry: Descriptor, references: readonly Reference[], depth: number): Promise<ArchivedImage> {
  if (depth > NESTING_LIMIT) throw new InvalidArgumentError(`invalid archive: indexes are nested more than ${NESTING_LIMIT} deep`);
  const manifest = await readManifest(contents, entry);
  if (manifest.kind === 'index') {
    const chosen = choose(manifest.manifests);
    if (!chosen) throw new NotFoundError(`the archive has no image for ${formatPlatform(hostPlatform())}: it has ${manifest.manifests.map(({ platform }) => (platform ? formatPlatform(platform) : 'unknown')).join(', ')}`);
    return resolve(contents, chosen, references, depth + 1);
  }
  return {
    configName: blobName(manifest.config), layerNames: manifest.layers.map(blobName), references,
    manifest: { digest: entry.digest, mediaType: manifest.mediaType, name: blobName(entry) },
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
