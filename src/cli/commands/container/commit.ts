import { commitContainer } from '../../../api/client/container-files.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, list, text } from '../../grammar/flag.ts';

export const commit = defineCommand({
  usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  args: { min: 1, max: 2 },
  flags: {
    author: text('Who made it (e.g., "Ada Lovelace <ada@example.com>")', { short: 'a' }),
    change: list('Apply an instruction of the Dockerfile language to the image', { short: 'c' }),
    message: text('What was done', { short: 'm' }),
    pause: bool('Pause the container while its files are read', { short: 'p', initial: true }),
  },
  examples: [['commit web web:patched', 'Keep the present state of "web" as an image']],
  async run(cli, { flags, args: [container = '', reference = ''] }) {
    const { client } = await cli.engine();
    const { Id } = await commitContainer(client, {
      container, changes: flags.change, pause: flags.pause,
      ...(reference === '' ? {} : { repo: reference }), ...(flags.author === undefined ? {} : { author: flags.author }), ...(flags.message === undefined ? {} : { comment: flags.message }),
    });
    cli.line(Id);
    return 0;
  },
});
