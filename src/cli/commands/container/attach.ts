import { attachContainer, inspectContainer, killContainer, resizeContainer, waitContainer } from '../../../api/client/containers.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, text } from '../../grammar/flag.ts';
import { passSignals } from '../../terminal/signals.ts';
import { assertTerminal, joinStreams } from '../../terminal/streams.ts';
import { followWindowSize } from '../../terminal/window-size.ts';

export const attach = defineCommand({
  usage: '[OPTIONS] CONTAINER',
  args: { min: 1, max: 1 },
  flags: {
    'detach-keys': text('Keys that leave a container which goes on', { defaultText: 'ctrl-p,ctrl-q' }),
    'no-stdin': bool('Do not attach to standard input'),
    'sig-proxy': bool('Pass signals on to the container', { initial: true }),
  },
  examples: [['attach web', 'See what "web" writes and type into it; ctrl-p ctrl-q leaves it running']],
  async run(cli, { flags, args: [name = ''] }) {
    const { client } = await cli.engine();
    const container = await inspectContainer(client, name);
    if (!container.State.Running) throw new ExitError(1, 'You cannot attach to a stopped container, start it first');
    if (container.State.Paused) throw new ExitError(1, 'You cannot attach to a paused container, unpause it first');
    if (container.State.Restarting) throw new ExitError(1, 'You cannot attach to a restarting container, wait until it is running');
    const tty = container.Config.Tty === true;
    const stdin = !flags['no-stdin'] && container.Config.OpenStdin === true;
    assertTerminal(tty, stdin);
    const waiting = await waitContainer(client, container.Id);
    waiting.exit.catch(() => undefined);
    const keys = flags['detach-keys'] === undefined ? {} : { detachKeys: flags['detach-keys'] };
    const attached = await attachContainer(client, container.Id, { stream: true, stdin, stdout: true, stderr: true, ...keys });
    using _signals = flags['sig-proxy'] && !tty ? passSignals((signal) => killContainer(client, container.Id, { signal: signal.replace(/^SIG/, '') })) : undefined;
    using _size = tty ? followWindowSize((size) => resizeContainer(client, container.Id, size)) : undefined;
    if (await joinStreams(attached, { tty, stdin, detachKeys: flags['detach-keys'] }) === 'detached') throw new ExitError(1, 'read escape sequence');
    return (await waiting.exit).StatusCode;
  },
});
