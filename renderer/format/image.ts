import type { ImageSummary } from '../../src/api/wire/image.ts';
import { shortId } from './container.ts';

const NONE = '<none>:<none>';

/** The names of an image, without docker's placeholder. */
export function imageNames(image: Pick<ImageSummary, 'RepoTags'>): string[] {
  return image.RepoTags.filter((tag) => tag !== NONE);
}

/** The first name; the short id of an image that has none. */
export function imageName(image: Pick<ImageSummary, 'Id' | 'RepoTags'>): string {
  return imageNames(image)[0] ?? shortId(image.Id);
}
