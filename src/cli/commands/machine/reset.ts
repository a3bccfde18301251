import { rm } from 'node:fs/promises';
import { machineStatus, pathsFor, stopMachine } from '../../../machine/machine-life.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { confirm } from '../../terminal/confirm.ts';
import { machineName, nameFlag } from './name-flag.ts';

export const resetMachine = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: { force: bool('Do not ask', { short: 'f' }), name: nameFlag() },
  examples: [['machine reset', 'Begin again with an empty disk and the same settings']],
  async run(cli, { flags }) {
    const name = machineName(cli, flags.name);
    const status = await machineStatus({ name });
    if (status.driver === 'native') throw new ExitError(1, `machine ${name} is this computer itself: use strata machine rm --name ${name}`);
    if (!flags.force) await confirm(`This deletes all images, containers and volumes of machine ${name}. Its settings stay.`);
    await stopMachine({ name });
    await rm(pathsFor({ name }).dataDisk, { force: true });
    cli.line(`Machine ${name} is empty; start it with: strata machine start${name === 'default' ? '' : ` --name ${name}`}`);
    return 0;
  },
});
