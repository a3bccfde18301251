import { removeContainer } from '../../../api/client/containers.ts';
import { NotFoundError } from '../../../api/errors.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { errorText, forEach } from '../each.ts';

export const remove = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  flags: {
    force: bool('Remove running containers too (SIGKILL)', { short: 'f' }),
    link: bool('Remove the given link', { short: 'l' }),
    volumes: bool('Remove the anonymous volumes of the container with it', { short: 'v' }),
  },
  examples: [['rm -fv web', 'Kill and remove "web" and its anonymous volumes'], ['rm $(strata ps -aq --filter status=exited)', 'Remove all ended containers']],
  async run(cli, { flags, args }) {
    const { client } = await cli.engine();
    return forEach(cli, args, async (name) => {
      try {
        await removeContainer(client, name.replace(/^\/+/, ''), { v: flags.volumes, force: flags.force, link: flags.link });
      } catch (error) {
        if (!flags.force || !(error instanceof NotFoundError)) throw error;
        // What is to be gone by force and is not there is no failure.
        cli.error(errorText(error, cli));
        return undefined;
      }
      return name;
    });
  },
});
