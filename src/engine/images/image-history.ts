import type { ImageRecord, ImageRecords } from './image-records.ts';

export interface HistoryStep {
  /** The image's id for the newest step, `<missing>` below. */
  id: string;
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
    return { id: '<missing>', createdAtMs: Date.parse(created), createdBy, comment, sizeBytes };
  });
  return steps.reverse().map((step, index) => (index === 0 ? { ...step, id: image.id } : step));
}
