import { importVolume } from '../../../api/client/volumes.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { openInput } from '../../output/input-file.ts';

export const importVolumeCommand = defineCommand({
  usage: 'VOLUME [FILE|-]',
  args: { min: 1, max: 2 },
  flags: {},
  examples: [['volume import data data.tar.gz', 'Fill the new or empty volume "data" from an archive, compressed or not'], ['volume export data | strata volume import copy', 'From one volume into another']],
  async run(cli, { args: [name = '', file = '-'] }) {
    if (file === '-' && process.stdin.isTTY) throw new ExitError(1, 'requested import from stdin, but stdin is a terminal');
    const archive = file === '-' ? process.stdin as AsyncIterable<Uint8Array> : await openInput(file);
    const { client } = await cli.engine();
    cli.line((await importVolume(client, name, archive)).Name);
    return 0;
  },
});
