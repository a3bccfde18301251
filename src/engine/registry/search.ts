import { FieldReader, parseJsonObject } from '../images/untrusted-json.ts';
import { pagedList } from './paged-list.ts';
import type { Registries, Visitor } from './registries.ts';
import { printable, RegistryProtocolError, RegistryReplyError } from './registry-error.ts';
import type { RegistryClient } from './registry-client.ts';
import { type SearchQuery, type SearchResult, select } from './search-query.ts';

const REPLY_LIMIT_BYTES = 4 * 1024 * 1024;
/** Names of a catalogue that are looked at. */
const CATALOGUE_LIMIT = 20_000;

/**
 * Asks an index by Docker Hub's search protocol (`GET /v1/search?q=TERM&n=LIMIT`); a registry that does not speak it is asked for its
 * catalogue, whose names are then looked through here: such results have no stars and no description.
 */
export async function searchImages(registries: Registries, query: SearchQuery, visitor: Visitor, signal?: AbortSignal): Promise<SearchResult[]> {
  const client = await registries.index(query.domain, visitor, signal);
  const found = await searchIndex(client, query, signal);
  if (found) return select(found, query);
  return select(await searchCatalogue(client, query, signal), query);
}

/** Undefined where the registry knows no such search. */
async function searchIndex(client: RegistryClient, query: SearchQuery, signal: AbortSignal | undefined): Promise<SearchResult[] | undefined> {
  const target = new URL('v1/search', client.endpoint.base);
  target.searchParams.set('q', query.term);
  target.searchParams.set('n', String(query.limit));
  const reply = await client.send({ method: 'GET', target, headers: { 'x-docker-token': 'true' }, scopes: [], accept: [200, 404, 405], what: `search for ${query.term}`, signal });
  if (reply.status !== 200 || reply.headers['content-type']?.includes('json') !== true) {
    reply.discard();
    return undefined;
  }
  return parseResults(await reply.buffer(REPLY_LIMIT_BYTES), client.endpoint.base.host);
}

function parseResults(bytes: Uint8Array, host: string): SearchResult[] {
  const what = `search results of ${host}`;
  try {
    const list = new FieldReader(parseJsonObject(bytes, what), what).objects('results') ?? [];
    return list.map((entry) => ({
      name: printable(entry.string('name') ?? '').replace(/^library\//, ''), description: printable(entry.string('description') ?? ''),
      stars: entry.integer('star_count') ?? 0, official: entry.boolean('is_official') ?? false, automated: entry.boolean('is_automated') ?? false,
    })).filter(({ name }) => name !== '');
  } catch (cause) {
    throw new RegistryProtocolError(`${what} make no sense`, { cause });
  }
}

async function searchCatalogue(client: RegistryClient, query: SearchQuery, signal: AbortSignal | undefined): Promise<SearchResult[]> {
  const found: SearchResult[] = [];
  const wanted = query.term.toLowerCase();
  let seen = 0;
  try {
    for await (const name of pagedList(client, { target: '_catalog?n=1000', field: 'repositories', scopes: ['registry:catalog:*'], what: `catalogue of ${query.domain}`, signal })) {
      seen += 1;
      if (name.includes(wanted)) found.push({ name: `${query.domain}/${printable(name)}`, description: '', stars: 0, official: false, automated: false });
      if (found.length >= query.limit || seen >= CATALOGUE_LIMIT) break;
    }
  } catch (cause) {
    if (cause instanceof RegistryReplyError && cause.httpStatus === 404) throw new RegistryReplyError(`registry ${query.domain} offers neither search nor a catalogue`, { httpStatus: 404, code: 'UNSUPPORTED' });
    throw cause;
  }
  return found;
}
