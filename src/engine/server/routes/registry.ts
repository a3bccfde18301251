import { InvalidArgumentError } from '../../../api/errors.ts';
import { filterBoolean, parseFilters } from '../../filters.ts';
import type { Platform } from '../../images/manifest.ts';
import { isDigest } from '../../content/digest.ts';
import type { ImageImporter } from '../../images/import/image-importer.ts';
import { parseReference, type Reference, withDefaultTag } from '../../images/reference.ts';
import type { ImagePuller } from '../../images/transfer/image-puller.ts';
import type { ImagePusher } from '../../images/transfer/image-pusher.ts';
import { distributionError } from '../../images/transfer/transfer-error.ts';
import { decodeRegistryAuth, toCredentials } from '../../registry/credentials.ts';
import { inspectDistribution } from '../../registry/inspect-distribution.ts';
import { login } from '../../registry/login.ts';
import { parsePlatform } from '../../registry/platform.ts';
import type { Registries, Visitor } from '../../registry/registries.ts';
import { parseSearch } from '../../registry/search-query.ts';
import { searchImages } from '../../registry/search.ts';
import { ProgressStream } from '../progress-stream.ts';
import { queryInteger } from '../query.ts';
import type { Route, RouteContext } from '../route.ts';
import { importImage } from './image-import.ts';
import { sayPull, sayPush } from './transfer-words.ts';

export interface RegistryRouteParts {
  puller: Pick<ImagePuller, 'pull'>;
  pusher: Pick<ImagePusher, 'push'>;
  importer: Pick<ImageImporter, 'import'>;
  registries: Registries;
  host: Platform;
}

/** Everything that needs a registry. */
export function registryRoutes(parts: RegistryRouteParts): Route[] {
  const name = (context: RouteContext): string => context.params['name'] ?? '';
  return [
    { method: 'POST', path: '/images/create', handler: (context) => ((context.query.get('fromImage') ?? '') === '' ? importImage(parts, context) : pull(parts, context)) },
    { method: 'POST', path: '/images/{name*}/push', handler: (context) => push(parts, name(context), context) },
    { method: 'GET', path: '/images/search', handler: (context) => search(parts, context) },
    { method: 'GET', path: '/distribution/{name*}/json', handler: (context) => distribution(parts, name(context), context) },
    {
      method: 'POST', path: '/auth',
      handler: async (context) => {
        const { identityToken } = await login(parts.registries, toCredentials(await context.readJson()), context.signal);
        context.json(200, { Status: 'Login Succeeded', IdentityToken: identityToken });
      },
    },
  ];
}

async function pull({ puller, host }: RegistryRouteParts, context: RouteContext): Promise<void> {
  const reference = withTag(parseReference(context.query.get('fromImage') ?? ''), context.query.get('tag') ?? '');
  const platform = context.query.get('platform') ?? '';
  const stream = new ProgressStream(context);
  await stream.finish(() => puller.pull(reference, {
    visitor: visitorOf(context), signal: context.signal, onProgress: (progress) => { sayPull(stream, progress); },
    ...(platform === '' ? {} : { platform: parsePlatform(platform, host) }),
  }));
}

async function push({ pusher }: RegistryRouteParts, name: string, context: RouteContext): Promise<void> {
  const reference = withTag(parseReference(name), context.query.get('tag') ?? '');
  if (reference.digest !== undefined) throw new InvalidArgumentError('cannot push a digest reference');
  const stream = new ProgressStream(context);
  await stream.finish(() => pusher.push(reference, { visitor: visitorOf(context), signal: context.signal, onProgress: (progress) => { sayPush(stream, progress); } }));
}

async function search({ registries }: RegistryRouteParts, context: RouteContext): Promise<void> {
  const filters = parseFilters(context.query, ['is-automated', 'is-official', 'stars']);
  const stars = filters.get('stars')?.map(Number) ?? [];
  if (stars.some((count) => !Number.isInteger(count))) throw new InvalidArgumentError(`invalid filter 'stars=${filters.get('stars')?.[0] ?? ''}'`);
  const query = parseSearch(context.query.get('term') ?? '', queryInteger(context.query, 'limit'), {
    official: filterBoolean(filters, 'is-official'), automated: filterBoolean(filters, 'is-automated'), leastStars: Math.max(0, ...stars),
  });
  const results = await searchImages(registries, query, visitorOf(context), context.signal);
  context.json(200, results.map((result) => ({ star_count: result.stars, is_official: result.official, name: result.name, is_automated: result.automated, description: result.description })));
}

async function distribution({ registries }: RegistryRouteParts, name: string, context: RouteContext): Promise<void> {
  const reference = withDefaultTag(parseReference(name));
  const visitor = visitorOf(context);
  try {
    const repository = await registries.repository(reference, visitor, { use: 'pull', signal: context.signal });
    const { descriptor, platforms } = await inspectDistribution(repository, reference.digest ?? reference.tag ?? '', context.signal);
    context.json(200, {
      Descriptor: { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size },
      Platforms: platforms.map(({ architecture, os, variant }) => ({ architecture, os, ...(variant === undefined ? {} : { variant }) })),
    });
  } catch (error) {
    throw distributionError(error);
  }
}

/** The `tag` parameter may hold a digest as well. */
function withTag(reference: Reference, tag: string): Reference {
  if (tag === '') return reference;
  const { domain, path } = reference;
  if (isDigest(tag)) return { domain, path, digest: tag };
  return reference.digest === undefined ? { domain, path, ...parseTag(tag) } : reference;
}

function parseTag(tag: string): { tag: string } {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(tag)) throw new InvalidArgumentError('invalid tag format');
  return { tag };
}

/** Credentials, and the headers that docker's clients want passed on. */
function visitorOf(context: RouteContext): Visitor {
  const metaHeaders = Object.fromEntries(Object.entries(context.headers).flatMap(([name, value]) => (name.startsWith('x-meta-') && typeof value === 'string' ? [[name, value]] : [])));
  return { credentials: decodeRegistryAuth(context.headers['x-registry-auth']), metaHeaders };
}
