import { defineCommand } from '../../grammar/command.ts';
import { objectFormat } from '../format-flag.ts';
import { inspectObjects, raw } from '../inspect-objects.ts';

export const inspectVolumes = defineCommand({
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  args: { min: 1 },
  flags: { format: objectFormat() },
  examples: [["volume inspect -f '{{.Mountpoint}}' data", 'Where a volume is on the machine']],
  async run(cli, { flags, args }) {
    return inspectObjects(cli, args, (client, name) => raw(client, `/volumes/${encodeURIComponent(name)}`), flags.format);
  },
});
