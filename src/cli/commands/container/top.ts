import { containerProcesses } from '../../../api/client/containers.ts';
import { defineCommand } from '../../grammar/command.ts';
import { tabulate } from '../../output/tabulate.ts';

export const top = defineCommand({
  usage: 'CONTAINER [ps OPTIONS]',
  args: { min: 1 },
  flags: {},
  stopAtFirstArgument: true,
  examples: [['top web', 'The processes of "web"'], ['top web -o pid,rss,comm', 'With columns of ps of your own choice']],
  async run(cli, { args: [name = '', ...psArgs] }) {
    const { client } = await cli.engine();
    const { Titles, Processes } = await containerProcesses(client, name, psArgs.length === 0 ? {} : { ps_args: psArgs.join(' ') });
    const lines = [Titles, ...(Processes ?? [])].map((cells) => cells.join('\t'));
    cli.out(`${tabulate(lines.join('\n'), { minWidth: 20, padding: 3 })}\n`);
    return 0;
  },
});
