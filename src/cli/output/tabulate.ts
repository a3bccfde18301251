export interface TabOptions {
  /** Smallest width of a column, padding included. */
  minWidth: number;
  padding: number;
}

/** Docker's tables. */
export const TABLE: TabOptions = { minWidth: 10, padding: 3 };

/**
 * Lines up cells as Go's text/tabwriter does: a cell ends with a tab, and a column is a run of lines that have a cell there;
 * what follows a line's last tab stands as it is. So a table may change its columns on the way, and each run is as wide as it needs.
 * Source: package documentation of text/tabwriter (flags 0, pad character space).
 */
export function tabulate(text: string, options: TabOptions = TABLE): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const widths = lines.map((): number[] => []);
  measure(lines, widths, 0, lines.length, 0, options);
  return lines.map((cells, row) => cells.map((cell, column) => (column === cells.length - 1 ? cell : pad(cell, widths[row]?.[column] ?? 0))).join('')).join('\n');
}

function measure(lines: readonly string[][], widths: number[][], from: number, to: number, column: number, options: TabOptions): void {
  for (let row = from; row < to; row += 1) {
    if (!hasCell(lines[row], column)) continue;
    let end = row;
    let width = options.minWidth;
    for (; end < to && hasCell(lines[end], column); end += 1) width = Math.max(width, lengthOf(lines[end]?.[column] ?? '') + options.padding);
    for (let line = row; line < end; line += 1) widths[line]?.push(width);
    measure(lines, widths, row, end, column + 1, options);
    row = end - 1;
  }
}

/** A cell belongs to a column only if a tab ends it. */
function hasCell(cells: readonly string[] | undefined, column: number): boolean {
  return cells !== undefined && column < cells.length - 1;
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - lengthOf(cell)));
}

/** In characters, not UTF-16 units. */
function lengthOf(text: string): number {
  return /^[\x00-\x7f]*$/.test(text) ? text.length : [...text].length;
}
