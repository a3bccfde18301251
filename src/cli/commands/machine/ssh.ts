import { pathsFor } from '../../../machine/machine-life.ts';
import { MachineClient } from '../../../machine/client.ts';
import { UnavailableError } from '../../../api/errors.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { joinStreams } from '../../terminal/streams.ts';
import { followWindowSize } from '../../terminal/window-size.ts';
import { machineName, nameFlag } from './name-flag.ts';

export const machineShell = defineCommand({
  usage: '[OPTIONS] [COMMAND] [ARG...]',
  args: { min: 0 },
  stopAtFirstArgument: true,
  flags: { name: nameFlag() },
  examples: [['machine ssh', 'A shell in the machine'], ['machine ssh df -h', 'One command there']],
  async run(cli, { flags, args }) {
    const name = machineName(cli, flags.name);
    const client = new MachineClient(pathsFor({ name }).controlSocket);
    const tty = args.length === 0 && process.stdin.isTTY && process.stdout.isTTY;
    const { id, connection } = await client.shell({
      ...(args.length === 0 ? {} : { command: args.join(' ') }),
      ...(tty ? { tty: { cols: process.stdout.columns, rows: process.stdout.rows, term: cli.env['TERM'] ?? 'xterm' } } : {}),
    }).catch((error: unknown) => { throw error instanceof UnavailableError ? new ExitError(1, `machine ${name} is not running: start it with: strata machine start${name === 'default' ? '' : ` --name ${name}`}`) : error; });
    using _size = tty ? followWindowSize(({ h, w }) => client.resizeShell(id, { cols: w, rows: h })) : undefined;
    await joinStreams(connection, { tty, stdin: true, detachKeys: 'none' });
    return (await client.shellExit(id)).exitCode ?? 255;
  },
});
