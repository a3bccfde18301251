import { containerLogs, inspectContainer } from '../../../api/client/containers.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, text } from '../../grammar/flag.ts';
import { parseTimestamp } from '../../output/timestamps.ts';
import { writeOutput } from '../../terminal/streams.ts';

export const logs = defineCommand({
  usage: '[OPTIONS] CONTAINER',
  args: { min: 1, max: 1 },
  flags: {
    details: bool('Show what else the log driver knows of each line'),
    follow: bool('Go on with what is written from now on', { short: 'f' }),
    since: text('Only what was written after a time, e.g. 2026-01-02T13:23:37Z, or 42m ago'),
    tail: text('How many lines from the end', { short: 'n', defaultText: '"all"' }),
    timestamps: bool('Show when each line was written', { short: 't' }),
    until: text('Only what was written before a time, e.g. 2026-01-02T13:23:37Z, or 42m ago'),
  },
  examples: [['logs -f --tail 20 web', 'The last 20 lines of "web", and what comes'], ['logs --since 10m web', 'What "web" has written in the last ten minutes']],
  async run(cli, { flags, args: [name = ''] }) {
    const since = flags.since === undefined ? undefined : parseTimestamp(flags.since);
    const until = flags.until === undefined ? undefined : parseTimestamp(flags.until);
    const { client } = await cli.engine();
    const container = await inspectContainer(client, name);
    const output = await containerLogs(client, container.Id, {
      stdout: true, stderr: true, follow: flags.follow, timestamps: flags.timestamps, details: flags.details, tail: flags.tail ?? 'all',
      ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }),
    });
    await writeOutput({ output }, container.Config.Tty === true);
    return 0;
  },
});
