import { randomBytes } from 'node:crypto';
import { silentLogger } from '../../src/base/log.ts';
import { digestOf } from '../../src/engine/content/digest.ts';
import { type Descriptor, MEDIA_TYPES } from '../../src/engine/images/manifest.ts';
import { Registries, type RegistriesOptions } from '../../src/engine/registry/registries.ts';
import type { OpenContent, Repository } from '../../src/engine/registry/repository.ts';

export interface Sample { blob: Descriptor; bytes: Buffer; open: OpenContent }

/** Random content with its descriptor. */
export function sampleOf(content: number | Buffer, mediaType = 'application/vnd.oci.image.layer.v1.tar'): Sample {
  const bytes = typeof content === 'number' ? randomBytes(content) : content;
  const blob = { mediaType, digest: digestOf(bytes), size: bytes.length, annotations: {}, platform: undefined };
  return { blob, bytes, open: async function* open(offset) { for (let at = offset; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536); } };
}

export interface SampleImage { layers: Sample[]; config: Sample; manifest: Sample }

/** A manifest over a config and layers; nothing of it is a runnable image. */
export function sampleImage(...sizes: number[]): SampleImage {
  const layers = sizes.map((size) => sampleOf(size));
  const config = sampleOf(Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: layers.map(({ blob }) => blob.digest) }, nonce: Math.random() })), MEDIA_TYPES.ociConfig);
  const plain = ({ blob: { mediaType, digest, size } }: Sample): object => ({ mediaType, digest, size });
  const manifest = sampleOf(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: plain(config), layers: layers.map(plain) })), MEDIA_TYPES.ociManifest);
  return { layers, config, manifest };
}

export async function publish(repository: Repository, image: SampleImage, tag: string): Promise<void> {
  for (const { blob, open } of [...image.layers, image.config]) await repository.push(blob, open);
  await repository.tag(image.manifest.blob, image.manifest.bytes, tag);
}

export async function readAll(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source));
}

/** Registries with waits short enough for tests. */
export function registries(options: Partial<RegistriesOptions> = {}): Registries {
  return new Registries({
    mirrors: [], insecureRegistries: [], certificateDirectories: [], proxyEnv: {}, userAgent: 'strata/test', log: silentLogger,
    policy: { attempts: 4, baseMs: 5, capMs: 50 }, stallLimits: { idleMs: 700, leastBytesPerSecond: 512, windowMs: 1500 }, ...options,
  });
}
