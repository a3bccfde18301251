import { removeVolume } from '../../../api/client/volumes.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { forEach } from '../each.ts';

export const removeVolumes = defineCommand({
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  args: { min: 1 },
  flags: { force: bool('Do not complain of volumes that are not there', { short: 'f' }) },
  examples: [['volume rm data', 'Delete a volume and everything in it']],
  async run(cli, { flags, args }) {
    const { client } = await cli.engine();
    return forEach(cli, args, async (name) => { await removeVolume(client, name, { force: flags.force }); return name; });
  },
});
