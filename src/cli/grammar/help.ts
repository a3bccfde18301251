import type { Entry } from '../command-table.ts';
import type { Command } from './command.ts';
import type { Flag, Flags } from './flag.ts';

/** `Usage:  strata ps [OPTIONS]` */
export function usageLine(name: string, usage: string): string {
  return `Usage:  ${name}${usage === '' ? '' : ` ${usage}`}`;
}

/** Everything about one command, to `width` columns. */
export function commandHelp(name: string, entry: Entry, command: Command, width: number): string {
  const parts = [usageLine(name, command.usage), entry.summary];
  if (entry.names.length > 1) parts.push(`Aliases:\n  ${entry.names.map((path) => `strata ${path}`).join(', ')}`);
  const options = optionsHelp(command.flags, width);
  if (options !== '') parts.push(`Options:\n${options}`);
  if (command.examples !== undefined && command.examples.length > 0) {
    parts.push(`Examples:\n${command.examples.map(([line, does]) => `  # ${does}\n  strata ${line}`).join('\n\n')}`);
  }
  return `${parts.join('\n\n')}\n`;
}

/** One option per line, the texts in a column of their own and folded to `width`. */
export function optionsHelp(flags: Flags, width: number): string {
  const rows = Object.entries(flags).filter(([, flag]) => flag.hidden !== true).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, flag]) => ({ left: optionHead(name, flag), right: optionText(flag) }));
  return twoColumns(rows, width);
}

/** Names on the left, texts on the right. */
export function twoColumns(rows: readonly { left: string; right: string }[], width: number): string {
  const column = Math.max(...rows.map((row) => row.left.length), 0) + 3;
  const room = Math.max(width - column - 1, 24);
  return rows.flatMap(({ left, right }) => fold(right, room).map((line, index) => `${(index === 0 ? left : '').padEnd(column)}${line}`.trimEnd())).join('\n');
}

function optionHead(name: string, flag: Flag<unknown>): string {
  return `  ${flag.short === undefined ? '   ' : `-${flag.short},`} --${name}${flag.metavar === '' ? '' : ` ${flag.metavar}`}`;
}

function optionText(flag: Flag<unknown>): string {
  return flag.defaultText === undefined ? flag.help : `${flag.help} (default ${flag.defaultText})`;
}

function fold(text: string, room: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > room) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    return [...lines, line];
  });
}
