import { ellipsis } from './short-text.ts';

export interface AlignedColumn {
  header: string;
  /** Numbers stand at the right edge. */
  right?: boolean;
}

/**
 * A table whose columns are as wide as they need to be, with two spaces between; the last one is cut where the line is full.
 * @param width of the line; undefined cuts nothing
 */
export function alignedTable(columns: readonly AlignedColumn[], rows: readonly (readonly string[])[], width: number | undefined): string {
  const lines = [columns.map(({ header }) => header), ...rows];
  const last = columns.length - 1;
  const widths = columns.map((_, index) => lines.reduce((most, cells) => Math.max(most, lengthOf(cells[index] ?? '')), 0));
  const room = width === undefined ? Infinity : Math.max(10, width - widths.slice(0, last).reduce((sum, each) => sum + each + 2, 0));
  return lines.map((cells) => cells.map((cell, index) => {
    if (index === last) return ellipsis(cell, room);
    const space = ' '.repeat(Math.max(0, (widths[index] ?? 0) - lengthOf(cell)));
    return columns[index]?.right === true ? space + cell : cell + space;
  }).join('  ').trimEnd()).join('\n');
}

const lengthOf = (text: string): number => [...text].length;
