import { stopContainer } from '../../../api/client/containers.ts';
import { NotModifiedError } from '../../../api/errors.ts';
import { defineCommand } from '../../grammar/command.ts';
import { forEach } from '../each.ts';
import { STOP_FLAGS, stopQuery } from './stop-flags.ts';

export const stop = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  flags: STOP_FLAGS,
  examples: [['stop -t 2 web db', 'Give "web" and "db" two seconds each to end']],
  async run(cli, { flags, args }) {
    const { client } = await cli.engine();
    return forEach(cli, args, async (name) => {
      await stopContainer(client, name, stopQuery(flags)).catch(alreadyStopped);
      return name;
    });
  },
});

function alreadyStopped(error: unknown): void {
  if (!(error instanceof NotModifiedError)) throw error;
}
