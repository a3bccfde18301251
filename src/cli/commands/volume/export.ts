import { exportVolume } from '../../../api/client/volumes.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { text } from '../../grammar/flag.ts';
import { writeWholeFile } from '../../output/whole-file.ts';
import { write } from '../../terminal/streams.ts';

export const exportVolumeCommand = defineCommand({
  usage: '[OPTIONS] VOLUME',
  args: { min: 1, max: 1 },
  flags: { output: text('Write to a file instead of standard output', { short: 'o' }) },
  examples: [['volume export -o data.tar data', 'Write what is in "data" to an archive'], ['volume export data | gzip > data.tar.gz', 'The same, compressed']],
  async run(cli, { flags, args: [name = ''] }) {
    if (flags.output === undefined && process.stdout.isTTY) throw new ExitError(1, 'cowardly refusing to save to a terminal. Use the -o flag or redirect');
    const { client } = await cli.engine();
    const archive = await exportVolume(client, name);
    if (flags.output === undefined) for await (const chunk of archive) await write(process.stdout, chunk);
    else await writeWholeFile(flags.output, archive, 'export volume');
    return 0;
  },
});
