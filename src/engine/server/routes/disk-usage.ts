import type { ContainerSummary } from '../../../api/wire/container.ts';
import type { ImageSummary } from '../../../api/wire/image.ts';

/** A volume, or whatever is shown of one, and how much of it is used. */
export interface UsedVolume {
  /** Bytes, -1 where nobody knows; how many containers have it. */
  UsageData: { Size: number; RefCount: number };
}

/** What `GET /system/df` has listed: only what was asked for. */
export interface DiskUsage {
  LayersSize?: number;
  Images?: readonly ImageSummary[];
  Containers?: readonly ContainerSummary[];
  Volumes?: readonly UsedVolume[];
  BuildCache?: readonly unknown[];
}

interface Summary {
  ActiveCount: number;
  TotalCount: number;
  /** Bytes that would come back if what nobody uses went. */
  Reclaimable: number;
  TotalSize: number;
  Items?: readonly unknown[];
}

/** The shape that disk usage has since API 1.52: sums, and with `verbose` the lists too. Pure. */
export function summarizeUsage(usage: DiskUsage, verbose: boolean): Record<string, Summary> {
  const { LayersSize: layers = 0, Images: images, Containers: containers, Volumes: volumes, BuildCache: cache } = usage;
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + Math.max(0, size), 0);
  const items = (list: readonly unknown[]): { Items?: readonly unknown[] } => (verbose ? { Items: list } : {});
  const usedImages = images?.filter((image) => image.Containers > 0) ?? [];
  const idle = containers?.filter(({ State }) => !['running', 'paused', 'restarting'].includes(State)) ?? [];
  const unused = volumes?.filter(({ UsageData }) => UsageData.RefCount === 0) ?? [];
  return {
    ...(images ? { ImageUsage: { ActiveCount: usedImages.length, TotalCount: images.length, TotalSize: layers, Reclaimable: Math.max(0, layers - sum(usedImages.map(({ Size, SharedSize }) => Size - Math.max(0, SharedSize)))), ...items(images) } } : {}),
    ...(containers ? { ContainerUsage: { ActiveCount: containers.length - idle.length, TotalCount: containers.length, TotalSize: sum(containers.map(({ SizeRw = 0 }) => SizeRw)), Reclaimable: sum(idle.map(({ SizeRw = 0 }) => SizeRw)), ...items(containers) } } : {}),
    ...(volumes ? { VolumeUsage: { ActiveCount: volumes.length - unused.length, TotalCount: volumes.length, TotalSize: sum(volumes.map(({ UsageData }) => UsageData.Size)), Reclaimable: sum(unused.map(({ UsageData }) => UsageData.Size)), ...items(volumes) } } : {}),
    ...(cache ? { BuildCacheUsage: { ActiveCount: 0, TotalCount: cache.length, TotalSize: 0, Reclaimable: 0, ...items(cache) } } : {}),
  };
}
