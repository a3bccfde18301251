import { attachContainer, killContainer, removeContainer, resizeContainer, startContainer, waitContainer } from '../../../api/client/containers.ts';
import type { EngineClient } from '../../../api/client/engine-client.ts';
import type { Cli } from '../../cli.ts';
import { CREATE_FLAGS } from '../../create/create-flags.ts';
import { type Attachment, attachmentOf } from '../../create/create-request.ts';
import { ENGINE_FAILED, ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, type FlagValues, text } from '../../grammar/flag.ts';
import { passSignals } from '../../terminal/signals.ts';
import { assertTerminal, joinStreams } from '../../terminal/streams.ts';
import { followWindowSize } from '../../terminal/window-size.ts';
import { newContainer, startFailure } from './new-container.ts';

const RUN_FLAGS = {
  ...CREATE_FLAGS,
  detach: bool('Leave the container in the background and print its id', { short: 'd' }),
  'detach-keys': text('Keys that leave a container which goes on', { defaultText: 'ctrl-p,ctrl-q' }),
  'sig-proxy': bool('Pass signals on to the container', { initial: true }),
};
type RunFlags = FlagValues<typeof RUN_FLAGS>;

export const run = defineCommand({
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  args: { min: 1 },
  flags: RUN_FLAGS,
  stopAtFirstArgument: true,
  examples: [
    ['run --rm strata/welcome', 'Run the welcome image and remove the container afterwards'],
    ['run -it --rm busybox', 'A shell in a new container'],
    ['run -d --name web -p 8080:80 -v ./site:/www busybox httpd -f -h /www', 'A web server in the background, on port 8080'],
  ],
  async run(cli, { flags, args }) {
    if (flags.detach && flags.attach.length > 0) throw new ExitError(ENGINE_FAILED, 'strata: conflicting options: cannot specify both --attach and --detach');
    const attachment = attachmentOf(flags, flags.detach);
    assertTerminal(flags.tty, attachment.stdin);
    try {
      const { client } = await cli.engine();
      const id = await newContainer(cli, client, { flags, args, attachment });
      if (flags.detach) {
        await startContainer(client, id).catch((error: unknown) => cleanUp(client, id, flags, error));
        cli.line(id);
        return 0;
      }
      return await runAttached(cli, client, id, flags, attachment);
    } catch (error) {
      throw startFailure(error, cli, 'run');
    }
  },
});

/** Attach, then wait, then start: nothing that the container does can be missed. */
async function runAttached(cli: Cli, client: EngineClient, id: string, flags: RunFlags, attachment: Attachment): Promise<number> {
  const stdin = attachment.stdin;
  const attached = stdin || attachment.stdout || attachment.stderr
    ? await attachContainer(client, id, { stream: true, stdin, stdout: attachment.stdout, stderr: attachment.stderr, ...keys(flags) })
    : undefined;
  const waiting = await waitContainer(client, id, { condition: flags.rm ? 'removed' : 'next-exit' });
  waiting.exit.catch(() => undefined);
  try {
    await startContainer(client, id, keys(flags));
  } catch (error) {
    attached?.close();
    return await cleanUp(client, id, flags, error);
  }
  using _signals = flags['sig-proxy'] ? passSignals((signal) => killContainer(client, id, { signal: signal.replace(/^SIG/, '') })) : undefined;
  using _size = flags.tty && attached !== undefined ? followWindowSize((size) => resizeContainer(client, id, size)) : undefined;
  if (attached === undefined) cli.line(id);
  else if (await joinStreams(attached, { tty: flags.tty, stdin, detachKeys: flags['detach-keys'] }) === 'detached') return 0;
  const result = await waiting.exit;
  const message = result.Error?.Message ?? '';
  if (message !== '') throw new ExitError(ENGINE_FAILED, `Error waiting for container: ${message}`);
  return result.StatusCode;
}

function keys(flags: RunFlags): { detachKeys?: string } {
  return flags['detach-keys'] === undefined ? {} : { detachKeys: flags['detach-keys'] };
}

/** A container that never ran does not remove itself. */
async function cleanUp(client: EngineClient, id: string, flags: RunFlags, error: unknown): Promise<never> {
  if (flags.rm) await removeContainer(client, id, { force: true, v: true }).catch(() => undefined);
  throw error;
}
