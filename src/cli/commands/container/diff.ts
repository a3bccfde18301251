import { containerChanges } from '../../../api/client/container-files.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';

export const diff = defineCommand({
  usage: 'CONTAINER',
  args: { min: 1, max: 1 },
  flags: {},
  examples: [['diff web', 'What "web" has added (A), changed (C) and deleted (D)']],
  async run(cli, { args: [name = ''] }) {
    if (name === '') throw new ExitError(1, 'Container name cannot be empty');
    const { client } = await cli.engine();
    for (const { Path, Kind } of await containerChanges(client, name)) cli.line(`${'CAD'.charAt(Kind)} ${Path}`);
    return 0;
  },
});
