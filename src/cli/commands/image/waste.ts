import { imageWaste } from '../../../api/client/explorer.ts';
import type { ImageWaste, WastedPath } from '../../../api/wire/explorer.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, int } from '../../grammar/flag.ts';
import { alignedTable } from '../../output/aligned-table.ts';
import { safeText } from '../../output/file-text.ts';
import { type Columns, printListing } from '../../output/listing.ts';
import { humanSize } from '../../output/units.ts';
import { listFormat } from '../format-flag.ts';

const LIMIT = 20;

export const waste = defineCommand({
  usage: '[OPTIONS] IMAGE',
  args: { min: 1, max: 1 },
  flags: {
    format: listFormat(),
    json: bool("Print the engine's answer as JSON"),
    limit: int(`Show this many paths at most (default ${LIMIT})`, { short: 'n' }),
  },
  examples: [['image waste app', 'Files that layers store and later layers hide, the largest first'], ["image waste --format '{{.Bytes}} {{.Path}}' -n 1000 app", 'For scripts']],
  async run(cli, { flags, args: [name = ''] }) {
    const limit = flags.limit ?? LIMIT;
    if (limit < 0) throw new ExitError(1, `invalid limit ${limit}: must not be negative`);
    const { client } = await cli.engine();
    const image = await imageWaste(client, name, { limit });
    if (flags.json) cli.line(JSON.stringify(image, undefined, 2));
    else if ((flags.format ?? 'table') !== 'table') await printListing(cli, { columns: COLUMNS, table: ['Wasted', 'Path'], quiet: 'Path', rows: image.Paths }, flags);
    else cli.line(report(name, image, process.stdout.isTTY ? cli.width : undefined));
    return 0;
  },
});

const COLUMNS: Columns<WastedPath> = {
  Path: { header: 'PATH', value: (row) => row.Path },
  Wasted: { header: 'WASTED', value: (row) => humanSize(row.WastedBytes, 3) },
  Bytes: { header: 'BYTES', value: (row) => String(row.WastedBytes) },
  Layers: { header: 'LAYERS', value: fates },
};

function report(name: string, image: ImageWaste, width: number | undefined): string {
  if (image.PathCount === 0) return `${name} wastes nothing of its ${humanSize(image.StoredBytes, 3)}.`;
  const rows = image.Paths.map((row) => [humanSize(row.WastedBytes, 3), fates(row), safeText(row.Path)]);
  const left = image.PathCount - image.Paths.length;
  return [
    `${name} wastes ${humanSize(image.WastedBytes, 3)} of ${humanSize(image.StoredBytes, 3)} in ${image.PathCount === 1 ? '1 path' : `${image.PathCount} paths`} (efficiency ${(image.Efficiency * 100).toFixed(1)} %).`,
    ...(rows.length === 0 ? [] : ['', alignedTable([{ header: 'WASTED', right: true }, { header: 'LAYERS' }, { header: 'PATH' }], rows, width)]),
    ...(left > 0 ? [`… and ${left} more: --limit ${image.PathCount}`] : []),
  ].join('\n');
}

/** `1 changed by 3, 3 removed by 4`: what was stored by which layer, and who hid it. */
function fates({ Versions }: WastedPath): string {
  return Versions.map(({ Layer, HiddenBy, How }) => `${Layer} ${How === 'removed' ? 'removed' : 'changed'} by ${HiddenBy}`).join(', ');
}
