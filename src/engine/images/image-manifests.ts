import type { ContentStore } from '../content/content-store.ts';
import type { Digest } from '../content/digest.ts';
import { platformOf } from './image-config.ts';
import type { ImageRecord, ImageRecords } from './image-records.ts';
import { type Descriptor, type Manifest, parseManifest, type Platform } from './manifest.ts';

/** One manifest by which an image can be had. */
export interface ManifestFacts {
  descriptor: Descriptor;
  kind: 'image' | 'attestation' | 'unknown';
  /** Whether all that it names is here. */
  available: boolean;
  platform: Platform | undefined;
  /** Of the blobs that are here, with the manifest itself. */
  contentBytes: number;
  /** Of the unpacked files; 0 for what is not here. */
  unpackedBytes: number;
}

export interface ImageManifests {
  /** What a name of the image stands for: its index where it came with one, else its manifest; undefined where it came with neither. */
  target: Descriptor | undefined;
  manifests: ManifestFacts[];
}

interface Stored { descriptor: Descriptor; parsed: Manifest }

/** The manifests that an image came with, and those that its index names beside. */
export async function manifestsOf(image: ImageRecord, parts: { content: ContentStore; records: ImageRecords }): Promise<ImageManifests> {
  const stored: Stored[] = [];
  for (const { digest, mediaType } of parts.records.manifests(image.id)) {
    if (!(await parts.content.has(digest))) continue;
    const bytes = await parts.content.read(digest);
    stored.push({ descriptor: { mediaType, digest, size: bytes.length, annotations: {}, platform: undefined }, parsed: parseManifest(bytes) });
  }
  const indexes = stored.filter(({ parsed }) => parsed.kind === 'index');
  const target = (indexes[0] ?? stored[0])?.descriptor;
  const manifests = new Map<Digest, ManifestFacts>();
  for (const { descriptor, parsed } of stored) if (parsed.kind === 'image') manifests.set(descriptor.digest, await factsOf(image, descriptor, parsed, parts.content));
  for (const { parsed } of indexes) {
    for (const descriptor of parsed.kind === 'index' ? parsed.manifests : []) {
      const own = manifests.get(descriptor.digest);
      manifests.set(descriptor.digest, own ? { ...own, descriptor } : absent(descriptor));
    }
  }
  return { target, manifests: [...manifests.values()] };
}

async function factsOf(image: ImageRecord, descriptor: Descriptor, { config, layers }: Extract<Manifest, { kind: 'image' }>, content: ContentStore): Promise<ManifestFacts> {
  const there = await Promise.all(layers.map(async ({ digest, size }) => ((await content.has(digest)) ? size : undefined)));
  return {
    descriptor, kind: 'image', available: !there.includes(undefined), platform: platformOf(image.config), unpackedBytes: image.sizeBytes,
    contentBytes: there.reduce<number>((sum, size) => sum + (size ?? 0), descriptor.size + config.size),
  };
}

function absent(descriptor: Descriptor): ManifestFacts {
  const isAttestation = descriptor.annotations['vnd.docker.reference.type'] !== undefined;
  return { descriptor, kind: isAttestation ? 'attestation' : descriptor.platform ? 'image' : 'unknown', available: false, platform: descriptor.platform, contentBytes: 0, unpackedBytes: 0 };
}
