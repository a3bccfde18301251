import type { Cli } from '../cli.ts';
import { goJson } from './go-json.ts';
import { tabulate } from './tabulate.ts';

/** One field of a list: its Go name is the key of `Columns`. */
export interface Column<Row> {
  /** Title in a table; templates see it in the title row under the field's name. */
  header: string;
  /** A function is a method that templates call with arguments (`{{.Label "a"}}`). */
  value(row: Row): unknown;
  /** Not among the fields of `--format json`: methods with arguments. */
  method?: boolean;
}

export type Columns<Row> = Readonly<Record<string, Column<Row>>>;

export interface Listing<Row> {
  columns: Columns<Row>;
  /** Fields of the table that is printed when nothing else is asked for. */
  table: readonly string[];
  /** The field that `--quiet` prints. */
  quiet: string;
  rows: readonly Row[];
}

/**
 * Prints a list in the format that was asked for: nothing or `table` for the default table, `table TEMPLATE`, `json`, or a Go template.
 * @throws ExitError for a template that cannot be read or evaluated.
 */
export async function printListing<Row>(cli: Cli, listing: Listing<Row>, options: { format?: string | undefined; quiet?: boolean | undefined }): Promise<void> {
  const format = options.format ?? '';
  if (format === 'json') {
    for (const row of listing.rows) cli.line(goJson(fieldsOf(listing.columns, row)));
    return;
  }
  if (options.quiet === true && (format === '' || format === 'table')) {
    for (const row of listing.rows) cli.line(String(listing.columns[listing.quiet]?.value(row)));
    return;
  }
  if (format === '' || format === 'table') {
    cli.out(defaultTable(listing));
    return;
  }
  const { printTemplateListing } = await import('./template-listing.ts');
  printTemplateListing(cli, listing, format);
}

function defaultTable<Row>(listing: Listing<Row>): string {
  const columns = listing.table.map((name) => listing.columns[name]);
  const lines = [columns.map((column) => column?.header ?? ''), ...listing.rows.map((row) => columns.map((column) => String(column?.value(row))))];
  return `${tabulate(lines.map((cells) => cells.join('\t')).join('\n'))}\n`;
}

/** Go's JSON of a formatter context: its methods in the order of their names. */
function fieldsOf<Row>(columns: Columns<Row>, row: Row): Record<string, unknown> {
  return Object.fromEntries(Object.entries(columns).filter(([, column]) => column.method !== true).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, column]) => [name, column.value(row)]));
}
