import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { exportContainer } from '../../../api/client/container-files.ts';
import { reason } from '../../create/key-values.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { text } from '../../grammar/flag.ts';
import { writeWholeFile } from '../../output/whole-file.ts';
import { write } from '../../terminal/streams.ts';

export const exportCommand = defineCommand({
  usage: '[OPTIONS] CONTAINER',
  args: { min: 1, max: 1 },
  flags: { output: text('Write to a file instead of standard output', { short: 'o' }) },
  examples: [['export -o web.tar web', 'Write the files of "web" to an archive']],
  async run(cli, { flags, args: [name = ''] }) {
    if (flags.output === undefined && process.stdout.isTTY) throw new ExitError(1, 'cowardly refusing to save to a terminal. Use the -o flag or redirect');
    if (flags.output !== undefined) await checkFolder(dirname(flags.output));
    const { client } = await cli.engine();
    const archive = await exportContainer(client, name);
    if (flags.output === undefined) for await (const chunk of archive) await write(process.stdout, chunk);
    else await writeWholeFile(flags.output, archive, 'export container');
    return 0;
  },
});

/** Before the engine reads a whole file system for nothing. */
async function checkFolder(path: string): Promise<void> {
  await stat(path).catch((error: unknown) => { throw new ExitError(1, `failed to export container: invalid output path: stat ${path}: ${reason(error)}`); });
}
