import { gzipSync } from 'node:zlib';
import { digestOf } from '../../src/engine/content/digest.ts';
import { MEDIA_TYPES } from '../../src/engine/images/manifest.ts';
import { rawTar } from '../fixtures/raw-tar.ts';
import { publish, registries, type Sample, sampleOf } from './sample.ts';

export interface Layer { plain: Buffer; packed: Sample }

/** A layer with one file in `all/`. */
export const layerOf = (name: string, body: Buffer | string): Layer => {
  const plain = rawTar([{ name: 'all/', type: '5' }, { name: `all/${name}`, body }]);
  return { plain, packed: sampleOf(gzipSync(plain, { level: 1 }), MEDIA_TYPES.ociLayer) };
};

/** Pushes an image of these layers. */
export async function put(authority: string, tag: string, layers: readonly Layer[]): Promise<void> {
  using all = registries();
  const repository = await all.repository({ domain: authority, path: 'pipe' }, {}, { use: 'push' });
  const config = sampleOf(Buffer.from(JSON.stringify({
    os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', rootfs: { type: 'layers', diff_ids: layers.map(({ plain }) => digestOf(plain)) }, config: { Labels: { tag } },
  })), MEDIA_TYPES.ociConfig);
  const described = ({ blob: { mediaType, digest, size } }: Sample): object => ({ mediaType, digest, size });
  const packed = layers.map((layer) => layer.packed);
  const manifest = sampleOf(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: described(config), layers: packed.map(described) })), MEDIA_TYPES.ociManifest);
  await publish(repository, { layers: packed, config, manifest }, tag);
}
