import { CREATE_FLAGS } from '../../create/create-flags.ts';
import { attachmentOf } from '../../create/create-request.ts';
import { defineCommand } from '../../grammar/command.ts';
import { newContainer, startFailure } from './new-container.ts';

export const create = defineCommand({
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  args: { min: 1 },
  flags: CREATE_FLAGS,
  stopAtFirstArgument: true,
  examples: [['create --name job busybox sh -c "echo done"', 'Make a container; "strata start -a job" runs it']],
  async run(cli, { flags, args }) {
    try {
      const { client } = await cli.engine();
      cli.line(await newContainer(cli, client, { flags, args, attachment: attachmentOf(flags, false) }));
      return 0;
    } catch (error) {
      throw startFailure(error, cli, 'create');
    }
  },
});
