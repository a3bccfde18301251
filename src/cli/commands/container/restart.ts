import { restartContainer } from '../../../api/client/containers.ts';
import { defineCommand } from '../../grammar/command.ts';
import { forEach } from '../each.ts';
import { STOP_FLAGS, stopQuery } from './stop-flags.ts';

export const restart = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  flags: STOP_FLAGS,
  examples: [['restart web', 'Stop "web" and start it again']],
  async run(cli, { flags, args }) {
    const { client } = await cli.engine();
    return forEach(cli, args, async (name) => { await restartContainer(client, name, stopQuery(flags)); return name; });
  },
});
