import { loadImages } from '../../../api/client/images.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, text } from '../../grammar/flag.ts';
import { openInput } from '../../output/input-file.ts';
import { ProgressPrinter } from '../../output/progress.ts';

export const load = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    input: text('Read from a file instead of standard input', { short: 'i' }),
    quiet: bool('Do not show progress', { short: 'q' }),
  },
  examples: [['load -i images.tar', 'Load the images of an archive'], ['load < images.tar', 'The same from standard input']],
  async run(cli, { flags }) {
    if (flags.input === undefined && process.stdin.isTTY) throw new ExitError(1, 'requested load from stdin, but stdin is empty');
    const archive = flags.input === undefined ? process.stdin as AsyncIterable<Uint8Array> : await openInput(flags.input);
    const { client } = await cli.engine();
    const quiet = flags.quiet || !process.stdout.isTTY;
    const printer = new ProgressPrinter(process.stdout);
    for await (const message of loadImages(client, archive, { quiet })) {
      const failure = message.errorDetail?.message ?? message.error;
      if (failure !== undefined) throw new ExitError(1, failure);
      if (message.stream !== undefined || !quiet) printer.show(message);
    }
    return 0;
  },
});
