import { cloneVolume } from '../../../api/client/volumes.ts';
import { defineCommand } from '../../grammar/command.ts';

export const cloneVolumeCommand = defineCommand({
  usage: 'VOLUME NEW_VOLUME',
  args: { min: 2, max: 2 },
  flags: {},
  examples: [['volume clone data data-before-upgrade', 'Keep what is in "data" now']],
  async run(cli, { args: [name = '', to = ''] }) {
    const { client } = await cli.engine();
    cli.line((await cloneVolume(client, name, to)).Name);
    return 0;
  },
});
