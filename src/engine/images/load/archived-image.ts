import type { Digest } from '../../content/digest.ts';
import type { Reference } from '../reference.ts';

/** One image of an archive, before anything of it is unpacked: names point into the archive. */
export interface ArchivedImage {
  configName: string;
  /** From the bottom up. */
  layerNames: readonly string[];
  references: readonly Reference[];
  /** The manifest that the archive has for it; docker's own format has none. */
  manifest: ArchivedManifest | undefined;
  /** The index that led to it among images for other platforms. */
  index?: ArchivedManifest;
}

export interface ArchivedManifest {
  digest: Digest;
  mediaType: string;
  name: string;
}
