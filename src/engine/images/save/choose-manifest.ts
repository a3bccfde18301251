import type { ContentStore } from '../../content/content-store.ts';
import { type Digest, digestOf } from '../../content/digest.ts';
import type { ImageRecords } from '../image-records.ts';
import { MEDIA_TYPES, parseManifest } from '../manifest.ts';

/** A manifest of an image, with the layers that it names. */
export interface SavedManifest {
  digest: Digest;
  mediaType: string;
  bytes: Buffer;
  layers: readonly { digest: Digest; size: number }[];
}

const IMAGE_TYPES: readonly string[] = [MEDIA_TYPES.ociManifest, MEDIA_TYPES.dockerManifest];

/**
 * The manifest that an image came with, byte for byte; `wanted` first where it came with several. One whose layers are not all here does
 * not count; an image without one gets one, the same every time.
 */
export async function chooseManifest(id: Digest, config: Buffer, parts: { content: ContentStore; records: ImageRecords }, wanted: Digest | undefined): Promise<SavedManifest> {
  const { content, records } = parts;
  const known = records.manifests(id).filter(({ mediaType }) => IMAGE_TYPES.includes(mediaType));
  for (const { digest, mediaType } of known.toSorted((a, b) => Number(b.digest === wanted) - Number(a.digest === wanted))) {
    if (!(await content.has(digest))) continue;
    const bytes = await content.read(digest);
    const parsed = parseManifest(bytes);
    if (parsed.kind !== 'image' || !(await Promise.all(parsed.layers.map((layer) => content.has(layer.digest)))).every(Boolean)) continue;
    return { digest, mediaType, bytes, layers: parsed.layers };
  }
  const layers = records.layers(id).map(({ blob, mediaType, blobBytes }) => ({ mediaType, digest: blob, size: blobBytes }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: { mediaType: MEDIA_TYPES.ociConfig, digest: id, size: config.length }, layers }));
  return { digest: digestOf(bytes), mediaType: MEDIA_TYPES.ociManifest, bytes, layers };
}
