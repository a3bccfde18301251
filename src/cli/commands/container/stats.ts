import { listContainers, sampleContainerStats, streamContainerStats } from '../../../api/client/containers.ts';
import type { EngineClient } from '../../../api/client/engine-client.ts';
import type { ContainerStats } from '../../../api/wire/stats.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { printListing } from '../../output/listing.ts';
import { errorText } from '../each.ts';
import { listFormat } from '../format-flag.ts';
import { statsColumns, type StatsRow } from './stats-columns.ts';

/** What comes within this time is drawn together. */
const REFRESH_MS = 200;
const TOP_LEFT = '\x1b[H';
const CLEAR = '\x1b[2J';
const TABLE = ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'];

export const stats = defineCommand({
  usage: '[OPTIONS] [CONTAINER...]',
  args: { min: 0 },
  flags: {
    all: bool('Show all containers, not only those that run', { short: 'a' }),
    format: listFormat(),
    'no-stream': bool('Print what is used now, and end'),
    'no-trunc': bool('Show everything in full length'),
  },
  examples: [['stats', 'What every running container uses, until Ctrl-C'], ['stats --no-stream web', 'What "web" uses now']],
  async run(cli, { flags, args }) {
    const { client } = await cli.engine();
    const print = (rows: readonly StatsRow[]): Promise<void> => printListing(cli, { columns: statsColumns(!flags['no-trunc']), table: TABLE, quiet: 'ID', rows }, flags);
    if (flags['no-stream']) {
      const names = args.length > 0 ? args : (await listContainers(client, { all: flags.all })).map(({ Id }) => Id);
      const results = await Promise.allSettled(names.map((name) => sampleContainerStats(client, name)));
      const failures = results.filter((result) => result.status === 'rejected');
      for (const { reason } of failures) cli.error(errorText(reason, cli));
      if (failures.length > 0) return 1;
      await print(results.flatMap((result, index) => (result.status === 'fulfilled' ? [{ container: names[index] ?? '', stats: result.value }] : [])));
      return 0;
    }
    await follow(client, { names: args.length > 0 ? args : undefined, all: flags.all }, async (rows) => {
      if (process.stdout.isTTY) cli.out(CLEAR + TOP_LEFT);
      await print(rows);
    });
    return 0;
  },
});

/** Draws when something is new. Without names, containers that come and go are followed too; with names it ends when none of them is left. */
async function follow(client: EngineClient, wanted: { names: readonly string[] | undefined; all: boolean }, draw: (rows: readonly StatsRow[]) => Promise<void>): Promise<void> {
  const rows = new Map<string, StatsRow>();
  const streams = new Map<string, Promise<void>>();
  const failed: unknown[] = [];
  let news = Promise.withResolvers<undefined>();
  const watch = (name: string): void => {
    if (streams.has(name)) return;
    const take = (line: string): void => {
      rows.set(name, { container: name, stats: JSON.parse(line) as ContainerStats });
      news.resolve(undefined);
    };
    const reading = streamContainerStats(client, name).then((body) => eachLine(body, take)).catch((error: unknown) => { failed.push(error); });
    streams.set(name, reading.finally(() => {
      rows.delete(name);
      streams.delete(name);
      news.resolve(undefined);
    }));
  };
  if (wanted.names) {
    wanted.names.forEach(watch);
  } else {
    const list = async (): Promise<void> => {
      const present = (await listContainers(client, { all: wanted.all })).map(({ Id }) => Id);
      for (const id of rows.keys()) if (!present.includes(id)) rows.delete(id);
      present.forEach(watch);
      news.resolve(undefined);
    };
    const events = await client.stream('GET', '/events', { query: { filters: { type: ['container'], event: ['create', 'start', 'die', 'destroy'] } } });
    void eachLine(events, () => { list().catch(() => undefined); }).catch((error: unknown) => { failed.push(error); }).finally(() => { news.resolve(undefined); });
    await list();
  }
  for (;;) {
    await news.promise;
    await pause(REFRESH_MS);
    news = Promise.withResolvers();
    if (failed.length > 0 && (wanted.names === undefined || streams.size === 0)) throw failed[0];
    await draw([...rows.values()]);
    if (wanted.names && streams.size === 0) return;
  }
}

async function eachLine(body: AsyncIterable<Uint8Array>, take: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of body) {
    const lines = (pending + decoder.decode(chunk, { stream: true })).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) if (line !== '') take(line);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}
