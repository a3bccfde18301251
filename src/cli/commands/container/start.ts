import { attachContainer, inspectContainer, killContainer, resizeContainer, startContainer, waitContainer } from '../../../api/client/containers.ts';
import type { EngineClient } from '../../../api/client/engine-client.ts';
import { NotModifiedError } from '../../../api/errors.ts';
import type { Cli } from '../../cli.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, text } from '../../grammar/flag.ts';
import { passSignals } from '../../terminal/signals.ts';
import { assertTerminal, joinStreams } from '../../terminal/streams.ts';
import { followWindowSize } from '../../terminal/window-size.ts';
import { errorText } from '../each.ts';

export const start = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  flags: {
    attach: bool('Attach to output and errors, and pass signals on', { short: 'a' }),
    'detach-keys': text('Keys that leave a container which goes on', { defaultText: 'ctrl-p,ctrl-q' }),
    interactive: bool('Attach to standard input', { short: 'i' }),
    'sig-proxy': bool('Pass signals on to the container', { initial: true, hidden: true }),
  },
  examples: [['start web db', 'Start "web" and "db"'], ['start -ai shell', 'Start "shell" and go on in it']],
  async run(cli, { flags, args }) {
    const { client } = await cli.engine();
    if (!flags.attach && !flags.interactive) return startAll(cli, client, args);
    if (args.length > 1) throw new ExitError(1, 'you cannot start and attach multiple containers at once');
    return startAttached(client, args[0] ?? '', flags);
  },
});

async function startAll(cli: Cli, client: EngineClient, names: readonly string[]): Promise<number> {
  const failed: string[] = [];
  for (const name of names) {
    try {
      await startContainer(client, name).catch(alreadyRunning);
      cli.line(name);
    } catch (error) {
      cli.error(errorText(error, cli));
      failed.push(name);
    }
  }
  if (failed.length > 0) cli.error(`Error: failed to start containers: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

async function startAttached(client: EngineClient, name: string, flags: { interactive: boolean; 'detach-keys': string | undefined; 'sig-proxy': boolean }): Promise<number> {
  const container = await inspectContainer(client, name);
  const tty = container.Config.Tty === true;
  const stdin = flags.interactive && container.Config.OpenStdin === true;
  assertTerminal(tty, stdin);
  const keys = flags['detach-keys'] === undefined ? {} : { detachKeys: flags['detach-keys'] };
  const attached = await attachContainer(client, container.Id, { stream: true, stdin, stdout: true, stderr: true, ...keys });
  const waiting = await waitContainer(client, container.Id, { condition: container.HostConfig.AutoRemove === true ? 'removed' : 'next-exit' });
  waiting.exit.catch(() => undefined);
  try {
    await startContainer(client, container.Id, keys).catch(alreadyRunning);
  } catch (error) {
    attached.close();
    throw error;
  }
  using _signals = flags['sig-proxy'] && !tty ? passSignals((signal) => killContainer(client, container.Id, { signal: signal.replace(/^SIG/, '') })) : undefined;
  using _size = tty ? followWindowSize((size) => resizeContainer(client, container.Id, size)) : undefined;
  if (await joinStreams(attached, { tty, stdin, detachKeys: flags['detach-keys'] }) === 'detached') return 0;
  return (await waiting.exit).StatusCode;
}

function alreadyRunning(error: unknown): void {
  if (!(error instanceof NotModifiedError)) throw error;
}
