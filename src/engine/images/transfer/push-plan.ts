import { createGzip } from 'node:zlib';
import { pipeline } from 'node:stream';
import type { ContentStore } from '../../content/content-store.ts';
import { type Digest, digestOf } from '../../content/digest.ts';
import type { Lease } from '../../gc/leases.ts';
import type { ImageRecords, LayerRecord } from '../image-records.ts';
import { type Descriptor, IMAGE_MANIFESTS, MEDIA_TYPES, parseManifest } from '../manifest.ts';

/** What has to be in a registry for one image: blobs first, the manifest last. */
export interface PushPlan {
  id: string;
  manifest: Descriptor;
  bytes: Buffer;
  config: { descriptor: Descriptor; bytes: Buffer };
  layers: readonly Descriptor[];
}

/**
 * The manifest that an image came with, byte for byte, where there is one: then its digest stays what it was. Otherwise one is made;
 * layers that are plain tars are compressed for it, which is done once and kept as long as the lease.
 */
export async function planPush(id: string, parts: { records: ImageRecords; content: ContentStore }, lease: Lease, signal: AbortSignal | undefined): Promise<PushPlan> {
  const configBytes = parts.records.configBytes(id) ?? Buffer.alloc(0);
  for (const { digest, mediaType } of parts.records.manifests(id)) {
    lease.hold('blob', digest);
    if (!IMAGE_MANIFESTS.includes(mediaType) || !(await parts.content.has(digest))) continue;
    const bytes = await parts.content.read(digest);
    const parsed = parseManifest(bytes);
    if (parsed.kind !== 'image' || !(await allThere(parts.content, parsed.layers, lease))) continue;
    return { id, manifest: describe(bytes, mediaType), bytes, config: { descriptor: parsed.config, bytes: configBytes }, layers: parsed.layers };
  }
  const layers: Descriptor[] = [];
  for (const layer of parts.records.layers(id)) layers.push(await compressed(layer, parts.content, lease, signal));
  const config = { descriptor: { ...describe(configBytes, MEDIA_TYPES.ociConfig) }, bytes: configBytes };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: plain(config.descriptor), layers: layers.map(plain) }));
  return { id, manifest: describe(bytes, MEDIA_TYPES.ociManifest), bytes, config, layers };
}

async function allThere(content: ContentStore, layers: readonly Descriptor[], lease: Lease): Promise<boolean> {
  for (const { digest } of layers) {
    lease.hold('blob', digest);
    if (!(await content.has(digest))) return false;
  }
  return true;
}

async function compressed(layer: LayerRecord, content: ContentStore, lease: Lease, signal: AbortSignal | undefined): Promise<Descriptor> {
  lease.hold('blob', layer.blob);
  const none = { annotations: {}, platform: undefined };
  if (layer.mediaType !== MEDIA_TYPES.ociLayer) return { mediaType: layer.mediaType, digest: layer.blob, size: layer.blobBytes, ...none };
  const gzip = createGzip({ level: 6 });
  const source = await content.open(layer.blob);
  pipeline(source, gzip, () => undefined);
  const blob = await content.write(gzip, {}, { beforeCommit: ({ digest }) => { lease.hold('blob', digest); }, ...(signal ? { signal } : {}) });
  return { mediaType: `${MEDIA_TYPES.ociLayer}+gzip`, ...blob, ...none };
}

function describe(bytes: Uint8Array, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length, annotations: {}, platform: undefined };
}

function plain({ mediaType, digest, size }: Descriptor): { mediaType: string; digest: Digest; size: number } {
  return { mediaType, digest, size };
}
