import { imageHistory } from '../../../api/client/images.ts';
import type { ImageHistoryItem } from '../../../api/wire/image.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { rfc3339 } from '../../output/go-time.ts';
import { type Columns, printListing } from '../../output/listing.ts';
import { ellipsis, shortId } from '../../output/short-text.ts';
import { humanDuration, humanSize } from '../../output/units.ts';
import { listFormat } from '../format-flag.ts';

export const history = defineCommand({
  usage: '[OPTIONS] IMAGE',
  args: { min: 1, max: 1 },
  flags: {
    format: listFormat(),
    human: bool('Show sizes and dates for people', { short: 'H', initial: true }),
    'no-trunc': bool('Show everything in full length'),
    quiet: bool('Show ids only', { short: 'q' }),
  },
  examples: [['history --no-trunc busybox', 'The layers of "busybox", newest first']],
  async run(cli, { flags, args: [name = ''] }) {
    const { client } = await cli.engine();
    const rows = await imageHistory(client, name);
    await printListing(cli, {
      columns: columns(!flags['no-trunc'], flags.human, Date.now()), table: ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment'], quiet: 'ID', rows,
    }, flags);
    return 0;
  },
});

function columns(truncate: boolean, human: boolean, now: number): Columns<ImageHistoryItem> {
  const createdAt = (row: ImageHistoryItem): string => rfc3339(new Date(row.Created * 1000));
  return {
    ID: { header: 'IMAGE', value: (row) => (truncate && row.Id !== '<missing>' ? shortId(row.Id) : row.Id) },
    CreatedAt: { header: 'CREATED AT', value: createdAt },
    CreatedSince: { header: human ? 'CREATED' : 'CREATED AT', value: (row) => (human ? (row.Created <= 0 ? 'N/A' : `${humanDuration(now - row.Created * 1000)} ago`) : createdAt(row)) },
    CreatedBy: { header: 'CREATED BY', value: (row) => { const by = row.CreatedBy.replaceAll('\t', ' '); return truncate ? ellipsis(by, 45) : by; } },
    Size: { header: 'SIZE', value: (row) => (human ? humanSize(row.Size, 3) : String(row.Size)) },
    Comment: { header: 'COMMENT', value: (row) => row.Comment },
  };
}
