import { createVolume } from '../../../api/client/volumes.ts';
import { keyValues } from '../../create/key-values.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { list, text } from '../../grammar/flag.ts';

export const createVolumeCommand = defineCommand({
  usage: '[OPTIONS] [VOLUME]',
  args: { min: 0, max: 1 },
  flags: {
    driver: text('Driver of the volume', { short: 'd', defaultText: '"local"' }),
    label: list('Set a label'),
    name: text('Name of the volume', { hidden: true }),
    opt: list('Options of the driver', { short: 'o', metavar: 'map' }),
  },
  examples: [['volume create data', 'Make a volume; "strata run -v data:/data …" uses it']],
  async run(cli, { flags, args: [argument] }) {
    if (argument !== undefined && flags.name !== undefined) throw new ExitError(1, 'conflicting options: cannot specify a volume-name through both --name and as a positional arg');
    const name = argument ?? flags.name;
    const { client } = await cli.engine();
    const volume = await createVolume(client, { ...(name === undefined ? {} : { Name: name }), Driver: flags.driver ?? 'local', DriverOpts: keyValues(flags.opt), Labels: keyValues(flags.label) });
    cli.line(volume.Name);
    return 0;
  },
});
