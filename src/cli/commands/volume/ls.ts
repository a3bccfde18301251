import { listVolumes } from '../../../api/client/volumes.ts';
import type { VolumeSummary } from '../../../api/wire/volume.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { type Columns, printListing } from '../../output/listing.ts';
import { labelList } from '../../output/short-text.ts';
import { filterFlag, toFilters } from '../filters.ts';
import { listFormat } from '../format-flag.ts';

export const listVolumesCommand = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: { filter: filterFlag(), format: listFormat(), quiet: bool('Show names only', { short: 'q' }) },
  examples: [['volume ls --filter dangling=true', 'Volumes that no container uses']],
  async run(cli, { flags }) {
    const { client } = await cli.engine();
    const { Volumes } = await listVolumes(client, { filters: toFilters(flags.filter) });
    const rows = (Volumes ?? []).toSorted((a, b) => a.Name.localeCompare(b.Name, 'en', { numeric: true }));
    await printListing(cli, { columns: COLUMNS, table: ['Driver', 'Name'], quiet: 'Name', rows }, flags);
    return 0;
  },
});

const notKnown = (): string => 'N/A';

const COLUMNS: Columns<VolumeSummary> = {
  Name: { header: 'VOLUME NAME', value: (volume) => volume.Name },
  Driver: { header: 'DRIVER', value: (volume) => volume.Driver },
  Scope: { header: 'SCOPE', value: (volume) => volume.Scope },
  Mountpoint: { header: 'MOUNTPOINT', value: (volume) => volume.Mountpoint },
  Labels: { header: 'LABELS', value: (volume) => labelList(volume.Labels) },
  Label: { header: 'LABELS', method: true, value: (volume) => (name: unknown) => volume.Labels?.[String(name)] ?? '' },
  Links: { header: 'LINKS', value: notKnown },
  Size: { header: 'SIZE', value: notKnown },
  Availability: { header: 'AVAILABILITY', value: notKnown },
  Group: { header: 'GROUP', value: notKnown },
  Status: { header: 'STATUS', value: notKnown },
};
