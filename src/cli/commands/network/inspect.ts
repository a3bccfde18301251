import { defineCommand } from '../../grammar/command.ts';
import { objectFormat } from '../format-flag.ts';
import { inspectObjects, raw } from '../inspect-objects.ts';

export const inspectNetworks = defineCommand({
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  args: { min: 1 },
  flags: { format: objectFormat() },
  examples: [["network inspect -f '{{(index .IPAM.Config 0).Subnet}}' bridge", 'The addresses of a network']],
  async run(cli, { flags, args }) {
    return inspectObjects(cli, args, (client, name) => raw(client, `/networks/${encodeURIComponent(name)}`), flags.format);
  },
});
