import type { ContainerRecord } from './container-record.ts';

/** Ids of the images that a container needs: the one that it was made of, and those that are mounted in it. Pure. */
export function imagesOf({ imageId, mounts }: Pick<ContainerRecord, 'imageId' | 'mounts'>): string[] {
  return [imageId, ...mounts.flatMap((mount) => (mount.imageId === undefined ? [] : [mount.imageId]))];
}
