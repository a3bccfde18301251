import type { ContainerConfig } from '../../../api/wire/container.ts';
import type { Digest } from '../../content/digest.ts';
import type { HistoryEntry, ImageConfig } from '../image-config.ts';
import type { Platform } from '../manifest.ts';

/** What a new image says of itself. */
export interface ImageDescription {
  config: ContainerConfig;
  platform: Platform;
  author: string;
  comment: string;
  /** The command that made the last step; empty for none. */
  createdBy: string;
  /** RFC 3339 */
  created: string;
}

/**
 * The config blob of an image that is made here, with docker's fields in docker's order. Pure. Source: OCI image-spec, config.md; moby image/spec.
 * @param parent goes on in the new image's history
 * @param emptyLayer whether the last step has added no layer
 */
export function composeConfig(description: ImageDescription, parent: ImageConfig | undefined, diffIds: readonly Digest[], emptyLayer: boolean): Buffer {
  const { platform: { architecture, os, variant }, config, created, author, comment, createdBy } = description;
  const step = { created, author, created_by: createdBy, comment, ...(emptyLayer ? { empty_layer: true } : {}) };
  return Buffer.from(JSON.stringify(withoutEmpty({
    architecture, config, created, author, comment, os, variant: variant ?? '',
    history: [...(parent?.history ?? []).map(wireHistory), withoutEmpty(step)],
    rootfs: { type: 'layers', diff_ids: diffIds },
  })));
}

function wireHistory({ created, createdBy, comment, emptyLayer }: HistoryEntry): object {
  return withoutEmpty({ created, created_by: createdBy, comment, ...(emptyLayer ? { empty_layer: true } : {}) });
}

function withoutEmpty(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}
