import type { ImageRecords } from '../images/image-records.ts';
import { repoNames } from '../images/image-finder.ts';

/** What brings an image here again: its tags, else its digests; one without a name must be loaded or built as it was before. */
export function pullCommands(records: ImageRecords, id: string): string {
  const { repoTags, repoDigests } = repoNames(records.referencesOf(id));
  const names = repoTags.length > 0 ? repoTags : repoDigests;
  if (names.length === 0) return `load or build the image again, or remove it: docker rmi -f ${id.slice('sha256:'.length, 'sha256:'.length + 12)}`;
  return names.map((name) => `docker pull ${name}`).join(' && ');
}
