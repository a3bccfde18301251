import { imageFiles } from '../../../api/client/explorer.ts';
import type { ImageFile } from '../../../api/wire/explorer.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, int, optionalBool } from '../../grammar/flag.ts';
import { alignedTable } from '../../output/aligned-table.ts';
import { modeText, pathText, sizeText } from '../../output/file-text.ts';
import { type Columns, printListing } from '../../output/listing.ts';
import { listFormat } from '../format-flag.ts';

export const files = defineCommand({
  usage: '[OPTIONS] IMAGE [PATH]',
  args: { min: 1, max: 2 },
  flags: {
    format: listFormat(),
    json: bool("Print the engine's answer as JSON, one object a line"),
    layer: int('Show what this layer added (A), changed (C) and removed (D)', { short: 'l' }),
    quiet: bool('Show paths only', { short: 'q' }),
    recursive: optionalBool('Show what is in directories too (default with --layer)', { short: 'r' }),
    removed: bool('Show what layers have removed too'),
  },
  examples: [
    ['image files busybox /etc', 'What a container finds in /etc, and the layers that put it there:\n  # 1→3 was added by layer 1 and changed by layer 3, -4 was removed by layer 4'],
    ['image files --layer 3 busybox', 'Everything that layer 3 did'],
    ["image files -r --format '{{.Digest}} {{.Path}}' busybox", 'Digests of all files'],
  ],
  async run(cli, { flags, args: [name = '', path = '/'] }) {
    if (flags.layer !== undefined && flags.layer < 1) throw new ExitError(1, 'layers are numbered from 1, the lowest');
    const { client } = await cli.engine();
    const found = imageFiles(client, name, { path, recursive: flags.recursive ?? flags.layer !== undefined, removed: flags.removed, ...(flags.layer === undefined ? {} : { layer: flags.layer }) });
    if (flags.json) {
      for await (const file of found) cli.line(JSON.stringify(file));
      return 0;
    }
    const rows = (await Array.fromAsync(found)).filter(({ Change }) => Change !== 'none');
    if (flags.quiet || (flags.format ?? 'table') !== 'table') await printListing(cli, { columns: COLUMNS, table: ['Path'], quiet: 'Path', rows }, flags);
    else if (rows.length === 0) cli.line(flags.layer === undefined ? `${path} is empty.` : `Layer ${flags.layer} did nothing ${path === '/' ? '' : `in ${path} `}but pass through.`);
    else cli.line(table(rows, flags.layer !== undefined, process.stdout.isTTY ? cli.width : undefined));
    return 0;
  },
});

const LETTERS = { added: 'A', overwritten: 'C', removed: 'D', none: '' } as const;

const COLUMNS: Columns<ImageFile> = {
  Path: { header: 'PATH', value: (file) => file.Path },
  Kind: { header: 'KIND', value: (file) => file.Kind },
  Mode: { header: 'MODE', value: modeText },
  Owner: { header: 'OWNER', value: owner },
  Size: { header: 'SIZE', value: sizeText },
  Bytes: { header: 'BYTES', value: (file) => String(file.Size) },
  Target: { header: 'TARGET', value: (file) => file.Target ?? '' },
  Digest: { header: 'DIGEST', value: (file) => file.Digest ?? '' },
  Layer: { header: 'LAYER', value: (file) => String(file.Layer) },
  Layers: { header: 'LAYERS', value: story },
  Change: { header: 'CHANGE', value: (file) => (file.Change === undefined ? '' : LETTERS[file.Change]) },
};

function table(rows: readonly ImageFile[], changes: boolean, width: number | undefined): string {
  const columns = [{ header: 'MODE' }, { header: 'OWNER' }, { header: 'SIZE', right: true }, { header: 'LAYER' }, { header: 'PATH' }];
  const lines = rows.map((file) => [modeText(file), owner(file), sizeText(file), story(file), pathText(file.Path, file)]);
  if (!changes) return alignedTable(columns, lines, width);
  return alignedTable([{ header: '' }, ...columns], lines.map((line, index) => [LETTERS[rows[index]?.Change ?? 'none'], ...line]), width);
}

function owner({ Uid, Gid }: ImageFile): string {
  return `${Uid}:${Gid}`;
}

/** `1→3`: added by layer 1, changed by layer 3; `-4`: removed by layer 4. */
function story({ Steps }: ImageFile): string {
  return Steps.map(({ Layer, Change }) => (Change === 'removed' ? `-${Layer}` : String(Layer))).join('→');
}
