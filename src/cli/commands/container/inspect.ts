import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { objectFormat } from '../format-flag.ts';
import { inspectObjects, raw } from '../inspect-objects.ts';

export const inspectContainers = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  flags: { format: objectFormat(), size: bool('Show sizes too', { short: 's' }) },
  examples: [["container inspect -f '{{.State.Status}}' web", 'One fact of one container']],
  async run(cli, { flags, args }) {
    return inspectObjects(cli, args, (client, name) => raw(client, `/containers/${encodeURIComponent(name)}/json`, { size: flags.size }), flags.format);
  },
});
