/** Lines of a Dockerfile, counted from 1, both ends included. */
export interface LineRange {
  start: number;
  end: number;
}

/** In order, with ranges that touch the same lines made one. */
export function mergeRanges(ranges: readonly LineRange[]): LineRange[] {
  const merged: LineRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && range.start <= last.end) last.end = Math.max(last.end, range.end);
    else merged.push({ ...range });
  }
  return merged;
}
