import { searchImages } from '../../../api/client/registry.ts';
import type { ImageSearchResult } from '../../../api/wire/registry.ts';
import { registryAuth } from '../../credentials/credential-store.ts';
import { searchKey } from '../../credentials/registry-name.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, int } from '../../grammar/flag.ts';
import { type Columns, printListing } from '../../output/listing.ts';
import { ellipsis } from '../../output/short-text.ts';
import { filterFlag, toFilters } from '../filters.ts';
import { listFormat } from '../format-flag.ts';

export const search = defineCommand({
  usage: '[OPTIONS] TERM',
  args: { min: 1, max: 1 },
  flags: {
    filter: filterFlag(), format: listFormat(), limit: int('The most results to show'), 'no-trunc': bool('Show descriptions in full length'),
  },
  examples: [['search --filter is-official=true nginx', 'Only what Docker calls official'], ['search registry.example:5000/web', 'What a registry of your own has']],
  async run(cli, { flags, args: [term = ''] }) {
    const { client } = await cli.engine();
    const query = { term, filters: toFilters(flags.filter), ...(flags.limit === undefined || flags.limit === 0 ? {} : { limit: flags.limit }) };
    const found = await searchImages(client, query, await registryAuth(cli, searchKey(term)));
    const rows = found.toSorted((a, b) => b.star_count - a.star_count);
    // Docker Hub marks nothing as automated any more, and docker has dropped the column: it is there for an index that does.
    const automated = rows.some((row) => row.is_automated);
    const table = ['Name', 'Description', 'StarCount', 'IsOfficial', ...(automated ? ['IsAutomated'] : [])];
    await printListing(cli, { columns: columns({ truncate: !flags['no-trunc'], json: flags.format === 'json', automated }), table, quiet: 'Name', rows }, flags);
    return 0;
  },
});

function columns({ truncate, json, automated }: { truncate: boolean; json: boolean; automated: boolean }): Columns<ImageSearchResult> {
  const mark = (value: boolean): string => (json ? String(value) : value ? '[OK]' : '');
  return {
    Name: { header: 'NAME', value: ({ name }) => name },
    Description: { header: 'DESCRIPTION', value: ({ description }) => { const line = description.replace(/[\r\n]/g, ' '); return truncate ? ellipsis(line, 45) : line; } },
    StarCount: { header: 'STARS', value: ({ star_count: stars }) => String(stars) },
    IsOfficial: { header: 'OFFICIAL', value: (result) => mark(result.is_official) },
    // Templates find it in any case.
    IsAutomated: { header: 'AUTOMATED', value: (result) => mark(result.is_automated), method: !automated },
  };
}
