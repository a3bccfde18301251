import { createExec, inspectExec, resizeExec, startExec, startExecDetached } from '../../../api/client/containers.ts';
import { environment } from '../../create/key-values.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, list, text } from '../../grammar/flag.ts';
import { assertTerminal, joinStreams } from '../../terminal/streams.ts';
import { consoleSize, followWindowSize } from '../../terminal/window-size.ts';

export const exec = defineCommand({
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  args: { min: 2 },
  stopAtFirstArgument: true,
  flags: {
    detach: bool('Run in the background', { short: 'd' }),
    'detach-keys': text('Keys that leave a command which goes on', { defaultText: 'ctrl-p,ctrl-q' }),
    env: list('Set an environment variable', { short: 'e' }),
    'env-file': list('Read environment variables from a file'),
    interactive: bool('Keep standard input open, attached or not', { short: 'i' }),
    privileged: bool('Give the command all privileges'),
    tty: bool('Give the command a terminal', { short: 't' }),
    user: text('User to run as (name|uid[:group|gid])', { short: 'u' }),
    workdir: text('Working directory inside the container', { short: 'w' }),
  },
  examples: [['exec -it web sh', 'A shell in the running container "web"'], ['exec -e KEY=value web env', 'One command with one more variable']],
  async run(cli, { flags, args: [name = '', ...command] }) {
    const stdin = flags.interactive && !flags.detach;
    assertTerminal(flags.tty && !flags.detach, stdin);
    const env = environment(flags['env-file'], flags.env, cli.env);
    const { client } = await cli.engine();
    const size = flags.tty ? consoleSize() : undefined;
    const { Id: id } = await createExec(client, name, {
      Cmd: command, Env: env, Tty: flags.tty, Privileged: flags.privileged, User: flags.user ?? '', WorkingDir: flags.workdir ?? '',
      AttachStdin: stdin, AttachStdout: !flags.detach, AttachStderr: !flags.detach, DetachKeys: flags['detach-keys'] ?? '',
      ...(size === undefined ? {} : { ConsoleSize: size }),
    });
    if (flags.detach) {
      await startExecDetached(client, id);
      return 0;
    }
    const connection = await startExec(client, id, { Tty: flags.tty, ...(size === undefined ? {} : { ConsoleSize: size }) });
    using _size = flags.tty ? followWindowSize((to) => resizeExec(client, id, to)) : undefined;
    if (await joinStreams(connection, { tty: flags.tty, stdin, detachKeys: flags['detach-keys'] }) === 'detached') throw new ExitError(1, 'read escape sequence');
    return (await inspectExec(client, id)).ExitCode ?? 0;
  },
});
