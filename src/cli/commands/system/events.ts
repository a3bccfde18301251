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
    const query = { filters: toFilters(flags.filter), ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
    for await (const line of lines(await client.stream('GET', '/events', { query }))) cli.line(print(line));
    return 0;
  },
});

type Print = (line: string) => string;

async function printer(format: string): Promise<Print> {
  if (format === '') return eventLine;
  if (format === 'json') return (line) => goJson(JSON.parse(line)).replace(/"timeNano":\d+/, `"timeNano":${nanoseconds(line)}`);
  const { readTemplate, unescape } = await import('../../output/template-listing.ts');
  const template = readTemplate(unescape(format));
  return (line) => {
    const event = JSON.parse(line) as EventMessage;
    try {
      return template.execute({ ...event, Status: event.status ?? '', ID: event.id ?? '', From: event.from ?? '', Scope: event.scope, Time: event.time, TimeNano: event.timeNano }, { missing: (name) => `can't evaluate field ${name}` });
    } catch (error) {
      throw new ExitError(1, error instanceof Error ? error.message : String(error));
    }
  };
}

/** `2026-… container start ID (image=busybox, name=web)` */
function eventLine(line: string): string {
  const event = JSON.parse(line) as EventMessage;
  const attributes = Object.entries(event.Actor.Attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`);
  const moment = rfc3339Nano(BigInt(event.time), nanoseconds(line) % 1_000_000_000n);
  return `${moment} ${event.Type} ${event.Action} ${event.Actor.ID}${attributes.length === 0 ? '' : ` (${attributes.join(', ')})`}`;
}

/** The number has more digits than a double holds. */
function nanoseconds(line: string): bigint {
  return BigInt(/"timeNano":(\d+)/.exec(line)?.[1] ?? 0);
}

async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of body) {
    const parts = (pending + decoder.decode(chunk, { stream: true })).split('\n');
    pending = parts.pop() ?? '';
    for (const part of parts) if (part.trim() !== '') yield part;
  }
  if (pending.trim() !== '') yield pending;
}
