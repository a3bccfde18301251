import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { saveImages } from '../../../api/client/images.ts';
import { reason } from '../../create/key-values.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { text } from '../../grammar/flag.ts';
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
    else await writeWhole(flags.output, archive);
    return 0;
  },
});

/** The file appears when it is complete; a failure leaves nothing. */
async function writeWhole(path: string, archive: AsyncIterable<Uint8Array>): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await pipeline(archive, createWriteStream(partial, { mode: 0o600, flags: 'wx' }));
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw new ExitError(1, `failed to save image: open ${path}: ${reason(error)}`);
  }
}
