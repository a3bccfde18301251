import type { ImageManifestSummary, OciDescriptor } from '../../../api/wire/image.ts';
import type { ManifestFacts } from '../../images/image-manifests.ts';
import type { Descriptor, Platform } from '../../images/manifest.ts';

export function wireDescriptor({ mediaType, digest, size, annotations, platform }: Descriptor): OciDescriptor {
  return { mediaType, digest, size, ...(Object.keys(annotations).length === 0 ? {} : { annotations: { ...annotations } }), ...(platform ? { platform: wirePlatform(platform) } : {}) };
}

function wirePlatform({ architecture, os, variant }: Platform): Platform {
  return { architecture, os, ...(variant === undefined ? {} : { variant }) };
}

/** @param users ids of the containers that use the image */
export function wireManifest({ descriptor, kind, available, platform, contentBytes, unpackedBytes }: ManifestFacts, users: readonly string[]): ImageManifestSummary {
  return {
    ID: descriptor.digest, Descriptor: wireDescriptor(descriptor), Available: available, Kind: kind, Size: { Content: contentBytes, Total: contentBytes + unpackedBytes },
    ...(kind === 'image' ? { ImageData: { Platform: wirePlatform(platform ?? { os: '', architecture: '' }), Containers: available ? [...users] : [], Size: { Unpacked: unpackedBytes } } } : {}),
  };
}
