import { machineStatus, removeMachine as removeIt } from '../../../machine/machine-life.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { confirm } from '../../terminal/confirm.ts';
import { machineName, nameFlag } from './name-flag.ts';

export const removeMachine = defineCommand({
  usage: '[OPTIONS] [NAME]',
  args: { min: 0, max: 1 },
  flags: { force: bool('Do not ask, and stop the machine first', { short: 'f' }), name: nameFlag() },
  examples: [['machine rm --name big', 'Delete the machine "big"']],
  async run(cli, { flags, args: [argument] }) {
    const name = machineName(cli, argument, flags.name);
    if (!flags.force) {
      await machineStatus({ name });
      await confirm(`This deletes machine ${name} with all its images, containers and volumes.`);
    }
    await removeIt({ name }, { force: flags.force });
    cli.line(name);
    return 0;
  },
});
