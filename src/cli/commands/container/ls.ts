import { listContainers } from '../../../api/client/containers.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, int } from '../../grammar/flag.ts';
import { printListing } from '../../output/listing.ts';
import { filterFlag, toFilters } from '../filters.ts';
import { listFormat } from '../format-flag.ts';
import { containerColumns } from './columns.ts';

export const listContainersCommand = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    all: bool('Show all containers, not only those that run', { short: 'a' }),
    filter: filterFlag(),
    format: listFormat(),
    last: int('Show the last n containers that were created, whatever their state', { short: 'n', defaultText: '-1' }),
    latest: bool('Show the container that was created last, whatever its state', { short: 'l' }),
    'no-trunc': bool('Show everything in full length'),
    quiet: bool('Show ids only', { short: 'q' }),
    size: bool('Show how much each container occupies', { short: 's' }),
  },
  examples: [
    ['ps -a', 'All containers, also those that have ended'],
    ["ps --filter status=exited --format '{{.Names}}: {{.Status}}'", 'Names and states of the ended ones'],
  ],
  async run(cli, { flags }) {
    const { client } = await cli.engine();
    const size = flags.size || /\{\{[^}]*(?:\.Size\b|json\s+\.\s*[|}])/.test(flags.format ?? '');
    const last = flags.latest ? 1 : flags.last ?? -1;
    const rows = await listContainers(client, { all: flags.all, size, filters: toFilters(flags.filter), ...(last > 0 ? { limit: last } : {}) });
    await printListing(cli, {
      columns: containerColumns({ truncate: !flags['no-trunc'], now: Date.now() }),
      table: ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names', ...(flags.size ? ['Size'] : [])],
      quiet: 'ID', rows,
    }, flags);
    return 0;
  },
});
