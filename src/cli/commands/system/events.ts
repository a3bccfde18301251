import { events } from '../../../api/client/system.ts';
import type { EventMessage } from '../../../api/wire/system.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { text } from '../../grammar/flag.ts';
import { goJson } from '../../output/go-json.ts';
import { rfc3339Nano } from '../../output/go-time.ts';
import { parseTimestamp } from '../../output/timestamps.ts';
import { filterFlag, toFilters } from '../filters.ts';

export const eventsCommand = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    filter: filterFlag(),
    format: text("Format of each event: 'json', or a Go template"),
    since: text('Begin with what has happened since then'),
    until: text('End with what happens until then'),
  },
  examples: [['events --filter type=container', 'What happens to containers from now on'], ['events --since 10m --until 0s', 'What has happened in the last ten minutes']],
  async run(cli, { flags }) {
    const since = flags.since === undefined ? undefined : parseTimestamp(flags.since);
    const until = flags.until === undefined ? undefined : parseTimestamp(flags.until);
    const print = await printer(flags.format ?? '');
    const { client } = await cli.engine();
    const stream = events(client, { filters: toFilters(flags.filter), ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) });
    for await (const event of stream) cli.line(print(event));
    return 0;
  },
});

async function printer(format: string): Promise<(event: EventMessage) => string> {
  if (format === '') return eventLine;
  if (format === 'json') return (event) => goJson(event);
  const { readTemplate, unescape } = await import('../../output/template-listing.ts');
  const template = readTemplate(unescape(format));
  return (event) => {
    try {
      return template.execute({ ...event, Status: event.status ?? '', ID: event.id ?? '', From: event.from ?? '', Scope: event.scope, Time: event.time, TimeNano: event.timeNano }, { missing: (name) => `can't evaluate field ${name}` });
    } catch (error) {
      throw new ExitError(1, error instanceof Error ? error.message : String(error));
    }
  };
}

/** `2026-… container start ID (image=busybox, name=web)` */
function eventLine(event: EventMessage): string {
  const attributes = Object.entries(event.Actor.Attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`);
  const nanoseconds = BigInt(Math.round(Number(BigInt(event.timeNano) % 1_000_000_000n)));
  return `${rfc3339Nano(BigInt(event.time), nanoseconds)} ${event.Type} ${event.Action} ${event.Actor.ID}${attributes.length === 0 ? '' : ` (${attributes.join(', ')})`}`;
}
