import { pauseContainer, unpauseContainer } from '../../../api/client/containers.ts';
import { defineCommand } from '../../grammar/command.ts';
import { forEach } from '../each.ts';

export const pause = defineCommand({
  usage: 'CONTAINER [CONTAINER...]',
  args: { min: 1 },
  flags: {},
  examples: [['pause web', 'Freeze all processes of "web"']],
  async run(cli, { args }) {
    const { client } = await cli.engine();
    return forEach(cli, args, async (name) => { await pauseContainer(client, name); return name; });
  },
});

export const unpause = defineCommand({
  usage: 'CONTAINER [CONTAINER...]',
  args: { min: 1 },
  flags: {},
  examples: [['unpause web', 'Let "web" go on']],
  async run(cli, { args }) {
    const { client } = await cli.engine();
    return forEach(cli, args, async (name) => { await unpauseContainer(client, name); return name; });
  },
});
