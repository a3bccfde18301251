import { COMMANDS, COMMON, GROUPS } from './command-table.ts';
import type { Flags } from './grammar/flag.ts';
import { optionsHelp } from './grammar/help.ts';

/** Docker's commands that Strata will never have: their absence is told plainly. */
const ABSENT: Readonly<Record<string, string>> = {
  swarm: 'swarm clusters', node: 'swarm clusters', service: 'swarm clusters', stack: 'swarm clusters', secret: 'swarm clusters', config: 'swarm clusters',
  plugin: 'engine plugins', trust: 'content trust', checkpoint: 'checkpoints',
};

/** Why a word that docker knows is none here; undefined for any other word. */
export function absent(group: string, word: string): string | undefined {
  const what = group === '' && Object.hasOwn(ABSENT, word) ? ABSENT[word] : undefined;
  return what === undefined ? undefined : `there is no command ${word}: Strata has no ${what}`;
}

export function topLevelHelp(flags: Flags, width: number): string {
  const top = COMMANDS.flatMap((entry) => entry.names.filter((name) => !name.includes(' ')).map((name) => ({ name, summary: entry.summary })));
  const common = COMMON.flatMap((name) => top.filter((entry) => entry.name === name));
  const others = top.filter((entry) => !COMMON.includes(entry.name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  return `Usage:  strata [OPTIONS] COMMAND

Containers on a small virtual machine of your own

Common Commands:
${rows(common)}

Management Commands:
${rows(Object.entries(GROUPS).map(([name, summary]) => ({ name, summary })))}

Commands:
${rows(others)}

Global Options:
${optionsHelp(flags, width)}

Run 'strata COMMAND --help' for more information on a command.
Start the machine with 'strata machine start', then try 'strata run --rm strata/welcome'.
`;
}

export function groupLevelHelp(group: string): string {
  const prefix = `${group} `;
  const entries = COMMANDS.flatMap((entry) => (entry.names[0]?.startsWith(prefix) === true ? [{ name: entry.names[0].slice(prefix.length), summary: entry.summary }] : []));
  return `Usage:  strata ${group} COMMAND

${GROUPS[group] ?? ''}

Commands:
${rows(entries)}

Run 'strata ${group} COMMAND --help' for more information on a command.
`;
}

function rows(entries: readonly { name: string; summary: string }[]): string {
  const width = Math.max(...entries.map((entry) => entry.name.length), 9) + 2;
  return entries.map((entry) => `  ${entry.name.padEnd(width)} ${entry.summary}`).join('\n');
}
