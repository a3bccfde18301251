/** Which rows of a long list are worth drawing. Pure. */
export interface RowWindow {
  /** First row drawn, and the one after the last. */
  start: number;
  end: number;
  /** Heights in pixels that stand for the rows which are not drawn. */
  before: number;
  after: number;
}

/** Rows of equal height that are visible, and `margin` more on both sides so that scrolling meets no gap. */
export function rowWindow(total: number, rowHeight: number, scrollTop: number, viewHeight: number, margin = 12): RowWindow {
  const first = Math.min(total, Math.max(0, Math.floor(scrollTop / rowHeight) - margin));
  const last = Math.min(total, Math.ceil((scrollTop + viewHeight) / rowHeight) + margin);
  const end = Math.max(first, last);
  return { start: first, end, before: first * rowHeight, after: (total - end) * rowHeight };
}
