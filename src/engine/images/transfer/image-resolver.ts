import { InvalidArgumentError, NotFoundError } from '../../../api/errors.ts';
import { collectBlob } from '../../registry/collect-blob.ts';
import { choosePlatform, formatPlatform } from '../../registry/platform.ts';
import { RegistryProtocolError } from '../../registry/registry-error.ts';
import type { Repository } from '../../registry/repository.ts';
import { type ImageConfig, parseImageConfig } from '../image-config.ts';
import { type Descriptor, type Manifest, MEDIA_TYPES, parseManifest, type Platform } from '../manifest.ts';

/** A manifest's bytes with what they say. */
export interface FoundManifest {
  descriptor: Descriptor;
  bytes: Buffer;
}

/** One image, as a registry has it, with everything but its layers. */
export interface RemoteImage {
  /** What the name stands for: the image's manifest itself, or the index that leads to it. */
  top: FoundManifest;
  manifest: FoundManifest & { parsed: Extract<Manifest, { kind: 'image' }> };
  config: { digest: Descriptor['digest']; bytes: Buffer; parsed: ImageConfig };
}

const NESTING_LIMIT = 3;
const CONFIG_TYPES: readonly string[] = [MEDIA_TYPES.ociConfig, MEDIA_TYPES.dockerConfig];

/**
 * Follows a name to the one image that suits the platform, and reads its config.
 * @throws NotFoundError when there is none for the platform; InvalidArgumentError for what is no container image
 */
export async function resolveImage(repository: Repository, digest: string, wanted: Platform, signal: AbortSignal | undefined): Promise<RemoteImage> {
  const top = await repository.manifest(digest, signal);
  let found: FoundManifest = top;
  let parsed = parseManifest(found.bytes);
  for (let depth = 0; parsed.kind === 'index'; depth += 1) {
    if (depth >= NESTING_LIMIT) throw new InvalidArgumentError(`indexes of ${repository.name} are nested more than ${NESTING_LIMIT} deep`);
    const chosen = choosePlatform(parsed.manifests, wanted);
    if (!chosen) throw new NotFoundError(`no matching manifest for ${formatPlatform(wanted)} in the manifest list entries`);
    found = await repository.manifest(chosen.digest, signal);
    if (found.bytes.length !== chosen.size) throw new RegistryProtocolError(`manifest ${chosen.digest} has ${found.bytes.length} bytes, its index announces ${chosen.size}`);
    parsed = parseManifest(found.bytes);
  }
  return { top, manifest: { ...found, parsed }, config: await readConfig(repository, parsed, signal) };
}

async function readConfig(repository: Repository, manifest: Extract<Manifest, { kind: 'image' }>, signal: AbortSignal | undefined): Promise<RemoteImage['config']> {
  const { config: descriptor, layers } = manifest;
  if (!CONFIG_TYPES.includes(descriptor.mediaType)) throw new InvalidArgumentError(`unsupported media type ${JSON.stringify(descriptor.mediaType)}: ${repository.name} holds something else than a container image there`);
  const bytes = await collectBlob(repository, descriptor, signal);
  const parsed = parseImageConfig(bytes);
  if (parsed.diffIds.length !== layers.length) throw new InvalidArgumentError(`invalid image: its manifest has ${layers.length} layers, its config names ${parsed.diffIds.length}`);
  return { digest: descriptor.digest, bytes, parsed };
}
