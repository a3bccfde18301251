import { imageLayers } from '../../../api/client/explorer.ts';
import type { ImageDeletion, ImageLayer, ImageLayers } from '../../../api/wire/explorer.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { alignedTable } from '../../output/aligned-table.ts';
import { safeText } from '../../output/file-text.ts';
import { type Columns, printListing } from '../../output/listing.ts';
import { shortId } from '../../output/short-text.ts';
import { humanSize } from '../../output/units.ts';
import { listFormat } from '../format-flag.ts';
import { instruction } from './instruction.ts';

const NAMES_SHOWN = 3;

export const layers = defineCommand({
  usage: '[OPTIONS] IMAGE',
  args: { min: 1, max: 1 },
  flags: {
    format: listFormat(),
    json: bool("Print the engine's answer as JSON"),
    'no-trunc': bool('Show everything in full length'),
    quiet: bool('Show chain ids only', { short: 'q' }),
  },
  examples: [
    ['image layers busybox', 'How the image was made: what every step added, changed and removed,\n  # which layers other images have too, and what deleting it gives back'],
    ["image layers --format '{{.Layer}} {{.Size}} {{.DiffID}}' busybox", 'For scripts'],
  ],
  async run(cli, { flags, args: [name = ''] }) {
    const { client } = await cli.engine();
    const image = await imageLayers(client, name);
    if (flags.json) cli.line(JSON.stringify(image, undefined, 2));
    else if (flags.quiet || (flags.format ?? 'table') !== 'table') await printListing(cli, { columns: COLUMNS, table: ['Layer', 'Size'], quiet: 'ChainID', rows: image.Layers }, flags);
    else cli.line([table(image, flags['no-trunc'] ? undefined : cli.width), ...sharing(image), ...deletion(name, image.Deletion)].join('\n'));
    return 0;
  },
});

const COLUMNS: Columns<ImageLayer> = {
  Layer: { header: 'LAYER', value: (layer) => String(layer.Number) },
  Size: { header: 'SIZE', value: (layer) => humanSize(layer.Bytes, 3) },
  BlobSize: { header: 'BLOB SIZE', value: (layer) => humanSize(layer.BlobBytes, 3) },
  Added: { header: 'ADDED', value: (layer) => String(layer.Added) },
  Changed: { header: 'CHANGED', value: (layer) => String(layer.Overwritten) },
  Removed: { header: 'REMOVED', value: (layer) => String(layer.Removed) },
  Freed: { header: 'FREED', value: (layer) => humanSize(layer.FreedBytes, 3) },
  Shared: { header: 'SHARED', value: (layer) => String(layer.SharedWith.length) },
  CreatedBy: { header: 'CREATED BY', value: (layer) => layer.CreatedBy ?? '' },
  Comment: { header: 'COMMENT', value: (layer) => layer.Comment ?? '' },
  DiffID: { header: 'DIFF ID', value: (layer) => layer.DiffId },
  ChainID: { header: 'CHAIN ID', value: (layer) => layer.ChainId },
  Blob: { header: 'BLOB', value: (layer) => layer.Blob },
  MediaType: { header: 'MEDIA TYPE', value: (layer) => layer.MediaType },
};

const HEADERS = [
  { header: 'LAYER', right: true }, { header: 'SIZE', right: true }, { header: 'ADDED', right: true }, { header: 'CHANGED', right: true }, { header: 'REMOVED', right: true },
  { header: 'FREED', right: true }, { header: 'SHARED', right: true }, { header: 'CREATED BY' },
];

/** A line per step of the history; steps without a layer have only their words. */
function table({ Layers, Steps }: ImageLayers, width: number | undefined): string {
  const told = Steps.some(({ Layer }) => Layer !== undefined) || Layers.length === 0;
  const rows = told
    ? Steps.map((step) => cells(Layers.find(({ Number }) => Number === step.Layer), safeText(instruction(step.CreatedBy, step.Comment))))
    : Layers.map((layer) => cells(layer, '<unknown>'));
  return alignedTable(HEADERS, rows, width);
}

function cells(layer: ImageLayer | undefined, words: string): string[] {
  if (!layer) return ['-', '', '', '', '', '', '', words];
  return [String(layer.Number), humanSize(layer.Bytes, 3), String(layer.Added), String(layer.Overwritten), String(layer.Removed), humanSize(layer.FreedBytes, 3), layer.SharedWith.length === 0 ? '-' : String(layer.SharedWith.length), words];
}

/** Who else has which layers: images that share the same ones on one line. */
function sharing({ Layers }: ImageLayers): string[] {
  const numbers = new Map<string, number[]>();
  for (const { Number, SharedWith } of Layers) {
    for (const { Id, RepoTags } of SharedWith) {
      const name = RepoTags[0] ?? shortId(Id);
      numbers.set(name, [...(numbers.get(name) ?? []), Number]);
    }
  }
  const shared = Map.groupBy(numbers, ([, list]) => (list.length === 1 ? `layer ${list.join('')}` : `layers ${list[0] ?? ''} to ${list.at(-1) ?? ''}`));
  return shared.size === 0 ? [] : ['', ...shared.entries().map(([which, names]) => `Shares ${which} with ${some(names.map(([name]) => name))}.`)];
}

function deletion(name: string, facts: ImageDeletion): string[] {
  const running = facts.Containers.filter(({ Running }) => Running).length;
  if (facts.Children.length > 0) return ['', `Cannot be deleted: ${count(facts.Children.length, 'image')} ${facts.Children.length === 1 ? 'was' : 'were'} made from it.`];
  if (running > 0) return ['', `Cannot be deleted: ${count(running, 'running container')} ${running === 1 ? 'uses' : 'use'} it.`];
  const parts = [`${humanSize(facts.LayerBytes, 3)} of unpacked files`, `${humanSize(facts.BlobBytes, 3)} of blobs`].join(' and ');
  const lines = ['', `Deleting ${name} frees ${humanSize(facts.FreedBytes, 3)} on the disk:`, `  ${parts}.`];
  if (facts.AlsoDeleted.length > 0) lines.push(`With it ${facts.AlsoDeleted.length === 1 ? 'goes its parent' : 'go its parents'} ${facts.AlsoDeleted.map(shortId).join(', ')}.`);
  if (facts.Containers.length > 0) lines.push(`Its files stay for ${count(facts.Containers.length, 'stopped container')}: ${facts.Containers.map(({ Id }) => shortId(Id)).join(', ')}.`);
  return lines;
}

/** The first few names, and how many there are more. */
function some(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(', ') + (more > 0 ? ` and ${count(more, 'other image')}` : '');
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
