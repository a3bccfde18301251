import { imageDifferences } from '../../../api/client/explorer.ts';
import type { FileDifference, FileFacts } from '../../../api/wire/explorer.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { alignedTable } from '../../output/aligned-table.ts';
import { pathText, safeText, sizeText } from '../../output/file-text.ts';
import { type Columns, printListing } from '../../output/listing.ts';
import { humanSize } from '../../output/units.ts';
import { listFormat } from '../format-flag.ts';

export const diff = defineCommand({
  usage: '[OPTIONS] IMAGE IMAGE',
  args: { min: 2, max: 2 },
  flags: {
    format: listFormat(),
    json: bool("Print the engine's answer as JSON, one object a line"),
    quiet: bool('Show paths only', { short: 'q' }),
  },
  examples: [['image diff app:1 app:2', 'What is added (A), changed (C) and removed (D) in "app:2"'], ["image diff --format '{{.Change}} {{.Path}} {{.To.Digest}}' app:1 app:2", 'For scripts']],
  async run(cli, { flags, args: [from = '', to = ''] }) {
    const { client } = await cli.engine();
    const found = imageDifferences(client, { from, to });
    if (flags.json) {
      for await (const difference of found) cli.line(JSON.stringify(difference));
      return 0;
    }
    const rows = await Array.fromAsync(found);
    if (flags.quiet || (flags.format ?? 'table') !== 'table') await printListing(cli, { columns: COLUMNS, table: ['Path'], quiet: 'Path', rows }, flags);
    else if (rows.length === 0) cli.line(`No file of ${from} and ${to} differs.`);
    else cli.line(`${table(rows, process.stdout.isTTY ? cli.width : undefined)}\n\n${summary(rows)}`);
    return 0;
  },
});

const LETTERS = { added: 'A', changed: 'C', removed: 'D' } as const;

const COLUMNS: Columns<FileDifference> = {
  Change: { header: 'CHANGE', value: (row) => LETTERS[row.Change] },
  Path: { header: 'PATH', value: (row) => row.Path },
  Differs: { header: 'DIFFERS', value: (row) => row.Differs.join(',') },
  From: { header: 'FROM', value: (row) => row.From ?? {} },
  To: { header: 'TO', value: (row) => row.To ?? {} },
};

function table(rows: readonly FileDifference[], width: number | undefined): string {
  const size = (facts: FileFacts | undefined): string => (facts === undefined || facts.Kind === 'directory' ? '-' : sizeText(facts));
  const name = (row: FileDifference): string => { const facts = row.To ?? row.From; return facts ? pathText(row.Path, facts) : safeText(row.Path); };
  return alignedTable([{ header: '' }, { header: 'BEFORE', right: true }, { header: 'AFTER', right: true }, { header: 'DIFFERS' }, { header: 'PATH' }],
    rows.map((row) => [LETTERS[row.Change], size(row.From), size(row.To), row.Differs.join(', '), name(row)]), width);
}

function summary(rows: readonly FileDifference[]): string {
  const count = (change: FileDifference['Change']): number => rows.filter((row) => row.Change === change).length;
  const bytes = rows.reduce((sum, { From, To }) => sum + (To?.Size ?? 0) - (From?.Size ?? 0), 0);
  const size = bytes === 0 ? 'as many bytes as before' : `${humanSize(Math.abs(bytes), 3)} ${bytes > 0 ? 'more' : 'less'}`;
  return `${count('added')} added, ${count('changed')} changed, ${count('removed')} removed; ${size}.`;
}
