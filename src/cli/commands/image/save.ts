import { saveImages } from '../../../api/client/images.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { text } from '../../grammar/flag.ts';
import { writeWholeFile } from '../../output/whole-file.ts';
import { write } from '../../terminal/streams.ts';

export const save = defineCommand({
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: { min: 1 },
  flags: { output: text('Write to a file instead of standard output', { short: 'o' }) },
  examples: [['save -o busybox.tar busybox', 'Write an image to an archive']],
  async run(cli, { flags, args }) {
    if (flags.output === undefined && process.stdout.isTTY) throw new ExitError(1, 'cowardly refusing to save to a terminal. Use the -o flag or redirect');
    const { client } = await cli.engine();
    const archive = await saveImages(client, args);
    if (flags.output === undefined) for await (const chunk of archive) await write(process.stdout, chunk);
    else await writeWholeFile(flags.output, archive, 'save image');
    return 0;
  },
});
