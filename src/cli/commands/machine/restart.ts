import { restartMachine as restartIt } from '../../../machine/start-machine.ts';
import { defineCommand } from '../../grammar/command.ts';
import { machineName, nameFlag } from './name-flag.ts';
import { assertRunning, StartProgress } from './start-progress.ts';

export const restartMachine = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: { name: nameFlag() },
  examples: [['machine restart', 'Stop the machine and start it again; containers stop too']],
  async run(cli, { flags }) {
    const progress = new StartProgress(process.stderr);
    const status = await restartIt({ name: machineName(cli, flags.name) }, { onStatus: (seen) => { progress.show(seen); } });
    progress.end();
    assertRunning(status);
    cli.line(`Machine ${status.name} is running: ${status.engineEndpoint ?? ''}`);
    return 0;
  },
});
