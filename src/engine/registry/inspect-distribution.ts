import { parseImageConfig } from '../images/image-config.ts';
import { type Descriptor, parseManifest, type Platform } from '../images/manifest.ts';
import { collectBlob } from './collect-blob.ts';
import type { Repository } from './repository.ts';

export interface DistributionFacts {
  descriptor: Descriptor;
  platforms: readonly Platform[];
}

/** What a registry has under a name: the descriptor and for which platforms, without pulling any layer. */
export async function inspectDistribution(repository: Repository, reference: string, signal?: AbortSignal): Promise<DistributionFacts> {
  const { descriptor, bytes } = await repository.manifest(reference, signal);
  const manifest = parseManifest(bytes);
  if (manifest.kind === 'index') return { descriptor, platforms: manifest.manifests.flatMap(({ platform }) => platform ?? []) };
  // An artifact's config says nothing of platforms.
  if (!/image/.test(manifest.config.mediaType)) return { descriptor, platforms: [] };
  const { os, architecture, variant } = parseImageConfig(await collectBlob(repository, manifest.config, signal));
  return { descriptor, platforms: [{ os, architecture, ...(variant === undefined ? {} : { variant }) }] };
}
