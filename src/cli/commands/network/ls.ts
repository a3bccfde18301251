import { listNetworks } from '../../../api/client/networks.ts';
import type { NetworkSummary } from '../../../api/wire/network.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { goTimeString } from '../../output/go-time.ts';
import { type Columns, printListing } from '../../output/listing.ts';
import { labelList, shortId } from '../../output/short-text.ts';
import { filterFlag, toFilters } from '../filters.ts';
import { listFormat } from '../format-flag.ts';

export const listNetworksCommand = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: { filter: filterFlag(), format: listFormat(), 'no-trunc': bool('Show everything in full length'), quiet: bool('Show ids only', { short: 'q' }) },
  examples: [['network ls --filter driver=bridge', 'Networks of one kind']],
  async run(cli, { flags }) {
    const { client } = await cli.engine();
    const rows = (await listNetworks(client, { filters: toFilters(flags.filter) })).toSorted((a, b) => a.Name.localeCompare(b.Name, 'en', { numeric: true }));
    await printListing(cli, { columns: columns(!flags['no-trunc']), table: ['ID', 'Name', 'Driver', 'Scope'], quiet: 'ID', rows }, flags);
    return 0;
  },
});

function columns(truncate: boolean): Columns<NetworkSummary> {
  return {
    ID: { header: 'NETWORK ID', value: (network) => (truncate ? shortId(network.Id) : network.Id) },
    Name: { header: 'NAME', value: (network) => network.Name },
    Driver: { header: 'DRIVER', value: (network) => network.Driver },
    Scope: { header: 'SCOPE', value: (network) => network.Scope },
    IPv4: { header: 'IPV4', value: (network) => String(network.EnableIPv4 ?? false) },
    IPv6: { header: 'IPV6', value: (network) => String(network.EnableIPv6) },
    Internal: { header: 'INTERNAL', value: (network) => String(network.Internal) },
    Labels: { header: 'LABELS', value: (network) => labelList(network.Labels) },
    Label: { header: 'LABELS', method: true, value: (network) => (name: unknown) => network.Labels?.[String(name)] ?? '' },
    CreatedAt: { header: 'CREATED AT', value: (network) => createdAt(network.Created) },
  };
}

/** Go's `time.Time.String`, which keeps the fraction without its zeros. */
function createdAt(text: string): string {
  const fraction = /\.(\d+)/.exec(text)?.[1]?.replace(/0+$/, '') ?? '';
  const whole = goTimeString(Math.floor(new Date(text).getTime() / 1000));
  return fraction === '' ? whole : whole.replace(/^(\S+ \S+)/, `$1.${fraction}`);
}
