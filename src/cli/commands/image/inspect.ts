import { defineCommand } from '../../grammar/command.ts';
import { objectFormat } from '../format-flag.ts';
import { inspectObjects, raw } from '../inspect-objects.ts';

export const inspectImages = defineCommand({
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: { min: 1 },
  flags: { format: objectFormat() },
  examples: [["image inspect -f '{{json .Config.Env}}' busybox", 'The environment that an image sets']],
  async run(cli, { flags, args }) {
    return inspectObjects(cli, args, (client, name) => raw(client, `/images/${name.split('/').map(encodeURIComponent).join('/')}/json`), flags.format);
  },
});
