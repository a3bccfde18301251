import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidArgumentError } from '../../../api/errors.ts';
import { nameOfText } from '../../archive/tar-entry.ts';
import type { ImageExplorer } from '../../images/explore/image-explorer.ts';
import { queryBoolean, queryInteger } from '../query.ts';
import type { Route, RouteContext } from '../route.ts';
import { wireDifference, wireFile, wireLayers, wireWaste } from './explorer-wire.ts';

const WASTE_LIMIT = 100;
const LINES_AT_ONCE = 200;

/** Layers and files of images: Strata's own, described in docs/strata-api.md. */
export function explorerRoutes({ explorer }: { explorer: ImageExplorer }): Route[] {
  const name = (context: RouteContext): string => context.params['name'] ?? '';
  return [
    { method: 'GET', path: '/strata/images/{name*}/layers', handler: async (context) => { context.json(200, wireLayers(await explorer.layers(name(context)))); } },
    {
      method: 'GET', path: '/strata/images/{name*}/files',
      handler: async (context) => {
        const { query } = context;
        const files = await explorer.files(name(context), { path: wantedPath(query), layer: queryInteger(query, 'layer'), recursive: queryBoolean(query, 'recursive'), removed: queryBoolean(query, 'removed') });
        await sendLines(context, files, wireFile);
      },
    },
    {
      method: 'GET', path: '/strata/images/{name*}/waste',
      handler: async (context) => {
        const limit = queryInteger(context.query, 'limit') ?? WASTE_LIMIT;
        if (limit < 0) throw new InvalidArgumentError(`invalid value for limit: ${limit} is negative`);
        const { id, waste } = await explorer.waste(name(context));
        context.json(200, wireWaste(id, waste, limit));
      },
    },
    {
      method: 'GET', path: '/strata/images/diff',
      handler: async (context) => {
        const [from, to] = ['from', 'to'].map((key) => context.query.get(key) ?? '');
        if (!from || !to) throw new InvalidArgumentError('no images to compare: give from and to');
        await sendLines(context, await explorer.diff(from, to), wireDifference);
      },
    },
  ];
}

function wantedPath(query: URLSearchParams): string {
  const bytes = query.get('pathBytes');
  return bytes === null ? nameOfText(query.get('path') ?? '/') : Buffer.from(bytes, 'base64').toString('latin1');
}

/** A JSON value per line, made while they are read: a big tree is never whole in memory as text. */
async function sendLines<T>(context: RouteContext, values: Iterable<T>, encode: (value: T) => unknown): Promise<void> {
  const response = context.streamHead(200, { 'content-type': 'application/x-ndjson' });
  await pipeline(Readable.from(batches(values, encode)), response);
}

function* batches<T>(values: Iterable<T>, encode: (value: T) => unknown): Generator<string> {
  let lines: string[] = [];
  for (const value of values) {
    lines.push(JSON.stringify(encode(value)));
    if (lines.length < LINES_AT_ONCE) continue;
    yield `${lines.join('\n')}\n`;
    lines = [];
  }
  if (lines.length > 0) yield `${lines.join('\n')}\n`;
}
