import type { LineRange } from './line-range.ts';

const RULE = '--------------------\n';
/** A line of a minified script says nothing and would fill the terminal. */
const LINE_LIMIT = 400;

/**
 * The lines around a place, as BuildKit's clients draw them: `Dockerfile:3`, numbered lines, `>>>` before those that are meant.
 * @returns an empty text where no range lies in the file
 */
export function renderExcerpt({ file, text, ranges }: { file: string; text: string; ranges: readonly LineRange[] }): string {
  const lines = text.split('\n');
  const start = Math.min(...ranges.map((range) => range.start));
  const end = Math.min(lines.length, Math.max(...ranges.map((range) => range.end)));
  if (!(start >= 1 && start <= lines.length)) return '';
  const shown = widen({ start, end }, lines.length);
  let block = `${file}:${start}\n${RULE}`;
  for (let line = shown.start; line <= shown.end; line += 1) {
    const isMeant = ranges.some((range) => range.start <= line && line <= range.end);
    block += ` ${String(line).padStart(3)} | ${isMeant ? '>>>' : '   '} ${shorten((lines[line - 1] ?? '').replace(/\r$/, ''))}\n`;
  }
  return block + RULE;
}

/** One line gets up to two lines of surroundings on either side, several lines get one. */
function widen({ start, end }: LineRange, count: number): LineRange {
  const wanted = start === end ? 4 : 2;
  const shown = { start, end };
  for (let added = 0; added < wanted; added += 1) {
    if (shown.start > 1) {
      shown.start -= 1;
      added += 1;
    }
    if (shown.end < count) {
      shown.end += 1;
      added += 1;
    }
  }
  return shown;
}

function shorten(line: string): string {
  return line.length > LINE_LIMIT ? `${line.slice(0, LINE_LIMIT)}…` : line;
}
