import { waitContainer } from '../../../api/client/containers.ts';
import { defineCommand } from '../../grammar/command.ts';
import { forEach } from '../each.ts';

export const wait = defineCommand({
  usage: 'CONTAINER [CONTAINER...]',
  args: { min: 1 },
  flags: {},
  examples: [['wait job', 'Print the exit code of "job" as soon as it has one']],
  async run(cli, { args }) {
    const { client } = await cli.engine();
    return forEach(cli, args, async (name) => {
      const result = await (await waitContainer(client, name)).exit;
      const message = result.Error?.Message ?? '';
      if (message !== '') throw new Error(message);
      return String(result.StatusCode);
    });
  },
});
