import type { Cli } from '../cli.ts';
import { ExitError } from '../exit.ts';
import { TITLE_FUNCTIONS } from '../template/functions.ts';
import { Template, TemplateExecutionError, TemplateSyntaxError } from '../template/template.ts';
import type { Listing } from './listing.ts';
import { tabulate } from './tabulate.ts';

/** A list by a template of the user, one line per row; `table …` adds titles and lines the columns up. */
export function printTemplateListing<Row>(cli: Cli, listing: Listing<Row>, format: string): void {
  const asTable = /^table\s/.test(format);
  const source = unescape(asTable ? format.replace(/^table\s+/, '') : format);
  const template = readTemplate(source);
  const missing = (name: string): string => `can't evaluate field ${name}: there are ${Object.keys(listing.columns).sort().join(', ')}`;
  const lines = listing.rows.map((row) => execute(template, fields(listing, row), { missing }));
  if (!asTable) {
    for (const line of lines) cli.line(line);
    return;
  }
  const titles = Object.fromEntries(Object.entries(listing.columns).map(([name, column]) => [name, column.method === true ? () => column.header : column.header]));
  const title = execute(template, titles, { functions: TITLE_FUNCTIONS, missing });
  cli.out(`${tabulate([title, ...lines].join('\n'))}\n`);
}

/** @throws ExitError that tells what is wrong with it. */
export function readTemplate(source: string): Template {
  try {
    return new Template(source);
  } catch (error) {
    if (error instanceof TemplateSyntaxError) throw new ExitError(1, `failed to parse template: template: ${error.message}`);
    throw error;
  }
}

/** Shells pass `\t` and `\n` as they are typed. */
export function unescape(format: string): string {
  return format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

function execute(template: Template, data: unknown, options: Parameters<Template['execute']>[1]): string {
  try {
    return template.execute(data, options);
  } catch (error) {
    if (error instanceof TemplateExecutionError) throw new ExitError(1, `failed to execute template: ${error.message}`);
    throw error;
  }
}

/** Values are computed only where the template asks for them. */
function fields<Row>(listing: Listing<Row>, row: Row): object {
  const data = {};
  // Go's JSON of a row has its methods in the order of their names.
  for (const [name, column] of Object.entries(listing.columns).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (column.method === true) {
      Object.defineProperty(data, name, { enumerable: false, value: column.value(row) });
      continue;
    }
    Object.defineProperty(data, name, { enumerable: true, get: () => column.value(row) });
  }
  return data;
}
