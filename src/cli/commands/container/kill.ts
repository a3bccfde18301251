import { killContainer } from '../../../api/client/containers.ts';
import { defineCommand } from '../../grammar/command.ts';
import { text } from '../../grammar/flag.ts';
import { forEach } from '../each.ts';

export const kill = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  flags: { signal: text('Signal to send, by name or number', { short: 's' }) },
  examples: [['kill -s HUP web', 'Ask the main process of "web" to read its configuration again']],
  async run(cli, { flags, args }) {
    const { client } = await cli.engine();
    return forEach(cli, args, async (name) => { await killContainer(client, name, { ...(flags.signal === undefined ? {} : { signal: flags.signal }) }); return name; });
  },
});
