import { renameContainer } from '../../../api/client/containers.ts';
import { ExitError } from '../../exit.ts';
import { errorText } from '../each.ts';
import { defineCommand } from '../../grammar/command.ts';

export const rename = defineCommand({
  usage: 'CONTAINER NEW_NAME',
  args: { min: 2, max: 2 },
  flags: {},
  examples: [['rename web old-web', 'Give "web" another name']],
  async run(cli, { args: [from = '', to = ''] }) {
    if (from.trim() === '' || to.trim() === '') throw new ExitError(1, 'Error: Neither old nor new names may be empty');
    const { client } = await cli.engine();
    try {
      await renameContainer(client, from, to);
    } catch (error) {
      cli.error(errorText(error, cli));
      throw new ExitError(1, `Error: failed to rename container named ${from}`);
    }
    return 0;
  },
});
