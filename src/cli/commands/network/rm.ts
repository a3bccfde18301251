import { removeNetwork } from '../../../api/client/networks.ts';
import { NotFoundError } from '../../../api/errors.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { forEach } from '../each.ts';

export const removeNetworks = defineCommand({
  usage: 'NETWORK [NETWORK...]',
  args: { min: 1 },
  flags: { force: bool('Do not complain of networks that are not there', { short: 'f' }) },
  examples: [['network rm backend', 'Delete a network']],
  async run(cli, { flags, args }) {
    const { client } = await cli.engine();
    return forEach(cli, args, async (name) => {
      try {
        await removeNetwork(client, name);
      } catch (error) {
        if (!flags.force || !(error instanceof NotFoundError)) throw error;
        return undefined;
      }
      return name;
    });
  },
});
