import { stopMachine as stopIt } from '../../../machine/machine-life.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { machineName, nameFlag } from './name-flag.ts';

export const stopMachine = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: { force: bool('Cut the power instead of asking the guest to stop', { short: 'f' }), name: nameFlag() },
  examples: [['machine stop', 'Stop the machine and all containers in it']],
  async run(cli, { flags }) {
    const name = machineName(cli, flags.name);
    await stopIt({ name }, { force: flags.force });
    cli.line(`Machine ${name} is stopped`);
    return 0;
  },
});
