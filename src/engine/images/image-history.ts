import { repoNames } from './image-finder.ts';
import type { ImageRecord, ImageRecords } from './image-records.ts';

export interface HistoryStep {
  /** Of the image that ends with this step, where it is known: this one and those that it was made from here; `<missing>` otherwise. */
  id: string;
  repoTags: readonly string[];
  createdAtMs: number;
  createdBy: string;
  comment: string;
  /** Of the files that the step added. */
  sizeBytes: number;
}

/** The steps that made an image, newest first. */
export function historyOf(records: ImageRecords, image: ImageRecord): HistoryStep[] {
  const layers = records.layers(image.id);
  let used = 0;
  const steps = image.config.history.map(({ created, createdBy, comment, emptyLayer }) => {
    const sizeBytes = emptyLayer ? 0 : (layers[used]?.sizeBytes ?? 0);
    if (!emptyLayer) used += 1;
    return { id: '<missing>', repoTags: [], createdAtMs: Date.parse(created), createdBy, comment, sizeBytes };
  });
  let next: ImageRecord | undefined = image;
  return steps.reverse().map((step, index) => {
    if (next?.config.history.length !== steps.length - index) return step;
    const { id, parent }: ImageRecord = next;
    next = parent === undefined ? undefined : records.find(parent);
    return { ...step, id, repoTags: repoNames(records.referencesOf(id)).repoTags };
  });
}
