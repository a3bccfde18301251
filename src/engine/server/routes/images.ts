import { pipeline } from 'node:stream/promises';
import { InvalidArgumentError, messageOf } from '../../../api/errors.ts';
import type { ProgressMessage } from '../../../api/wire/image.ts';
import { filterBoolean, parseFilters } from '../../filters.ts';
import { IMAGE_FILTERS } from '../../images/image-list.ts';
import type { ImageService } from '../../images/image-service.ts';
import { queryBoolean } from '../query.ts';
import type { Platform } from '../../images/manifest.ts';
import { isAtLeast } from '../api-version.ts';
import type { Route, RouteContext } from '../route.ts';
import { wireHistory, wireInspect, wireSummary, wireSummaryWithManifests } from './image-wire.ts';
import { queryPlatform } from './platform-query.ts';

/** Everything under `/images` that needs no registry. */
export function imageRoutes({ images }: { images: ImageService }): Route[] {
  const name = (context: RouteContext): string => context.params['name'] ?? '';
  return [
    {
      method: 'GET', path: '/images/json',
      handler: async (context) => {
        const filters = parseFilters(context.query, IMAGE_FILTERS);
        // Older clients filter by a parameter of its own.
        const pattern = context.query.get('filter');
        const wanted = pattern === null || pattern === '' ? filters : new Map([...filters, ['reference', [pattern]]]);
        const list = images.list({ filters: wanted, all: queryBoolean(context.query, 'all'), sharedSize: queryBoolean(context.query, 'shared-size') });
        const withManifests = isAtLeast(context.version, 1, 47) && queryBoolean(context.query, 'manifests');
        context.json(200, withManifests
          ? (await images.manifests(list)).map((image) => wireSummaryWithManifests(image, context.version))
          : list.map((image) => wireSummary(image, context.version)));
      },
    },
    { method: 'GET', path: '/images/{name*}/json', handler: async (context) => { await inspect(images, name(context), context); } },
    { method: 'GET', path: '/images/{name*}/history', handler: (context) => { context.json(200, wireHistory(images.history(name(context)))); } },
    {
      method: 'POST', path: '/images/{name*}/tag',
      handler: (context) => {
        const repository = context.query.get('repo');
        if (repository === null || repository === '') throw new InvalidArgumentError('invalid reference format');
        images.tag(name(context), repository, context.query.get('tag') ?? undefined);
        context.empty(201);
      },
    },
    {
      method: 'DELETE', path: '/images/{name*}',
      handler: async (context) => {
        context.json(200, await images.remove(name(context), { force: queryBoolean(context.query, 'force'), prune: !queryBoolean(context.query, 'noprune') }));
      },
    },
    { method: 'POST', path: '/images/load', handler: (context) => load(images, context) },
    { method: 'GET', path: '/images/get', handler: (context) => save(images, context.query.getAll('names').flatMap((names) => names.split(',')), context) },
    { method: 'GET', path: '/images/{name*}/get', handler: (context) => save(images, [name(context)], context) },
    {
      method: 'POST', path: '/images/prune',
      handler: async (context) => {
        const filters = parseFilters(context.query, ['dangling', 'label', 'label!', 'until']);
        const danglingOnly = filterBoolean(filters, 'dangling') ?? true;
        const { items, bytes } = await images.prune({ filters: new Map([...filters].filter(([key]) => key !== 'dangling')), danglingOnly });
        context.json(200, { ImagesDeleted: items.length === 0 ? null : items, SpaceReclaimed: bytes });
      },
    },
  ];
}

async function inspect(images: ImageService, name: string, context: RouteContext): Promise<void> {
  const { query, version } = context;
  const platform = isAtLeast(version, 1, 49) ? queryPlatform(query) : undefined;
  const withManifests = queryBoolean(query, 'manifests');
  if (platform && withManifests) throw new InvalidArgumentError('conflicting options: manifests and platform options cannot both be set');
  context.json(200, wireInspect(await images.inspect(name, platform), version, withManifests));
}

/** The head goes out before the archive is read, so every failure is told in-band, as dockerd does. */
async function load(images: ImageService, context: RouteContext): Promise<void> {
  const response = context.streamHead(200, { 'content-type': 'application/json' });
  const write = (message: ProgressMessage): void => { response.write(`${JSON.stringify(message)}\r\n`); };
  try {
    await images.load(context.body, { quiet: queryBoolean(context.query, 'quiet'), platform: platformOf(context), signal: context.signal, onProgress: write });
  } catch (error) {
    write({ errorDetail: { message: messageOf(error) }, error: messageOf(error) });
  }
  // What the archive has after its end, or after a failure, is read away: a client that still writes must not hang.
  context.body.resume();
  response.end();
}

async function save(images: ImageService, names: readonly string[], context: RouteContext): Promise<void> {
  const wanted = names.filter((name) => name !== '');
  if (wanted.length === 0) throw new InvalidArgumentError('no image to save: give names');
  const archive = images.save(wanted, platformOf(context));
  await pipeline(archive, context.streamHead(200, { 'content-type': 'application/x-tar' }));
}

/** Since 1.48. */
function platformOf({ query, version }: RouteContext): Platform | undefined {
  return isAtLeast(version, 1, 48) ? queryPlatform(query) : undefined;
}
