import type { RegistryClient } from './registry-client.ts';
import { RegistryProtocolError } from './registry-error.ts';

const PAGE_LIMIT_BYTES = 4 * 1024 * 1024;
const MOST_PAGES = 1000;

/**
 * The strings of a list that a registry gives in pages (tags, catalogue), following its Link headers.
 * Source: OCI distribution-spec, "Listing Tags"; RFC 5988.
 */
export async function* pagedList(client: RegistryClient, list: { target: string; field: string; scopes: readonly string[]; what: string; signal?: AbortSignal | undefined }): AsyncGenerator<string, void, undefined> {
  let target: string | URL | undefined = list.target;
  for (let page = 0; target !== undefined; page += 1) {
    if (page >= MOST_PAGES) throw new RegistryProtocolError(`${list.what}: registry ${client.endpoint.base.host} gives more than ${MOST_PAGES} pages`);
    const reply = await client.send({ method: 'GET', target, scopes: list.scopes, accept: [200], what: list.what, signal: list.signal });
    yield* parsePage((await reply.buffer(PAGE_LIMIT_BYTES)).toString('utf8'), list.field, list.what);
    const next = nextLink(reply.headers.link);
    const following: URL | undefined = next === undefined ? undefined : client.locate(reply.url, next);
    if (following !== undefined && following.origin !== client.endpoint.base.origin) throw new RegistryProtocolError(`${list.what}: registry ${client.endpoint.base.host} continues on ${following.host}`);
    target = following;
  }
}

function parsePage(text: string, field: string, what: string): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new RegistryProtocolError(`${what}: registry sent no JSON`, { cause });
  }
  const found: unknown = typeof parsed === 'object' && parsed !== null ? new Map<string, unknown>(Object.entries(parsed)).get(field) : undefined;
  // An empty repository may have null.
  if (found === null || found === undefined) return [];
  if (!Array.isArray(found)) throw new RegistryProtocolError(`${what}: registry sent no list`);
  return found.filter((entry) => typeof entry === 'string');
}

export function nextLink(header: string | readonly string[] | undefined): string | undefined {
  const text = typeof header === 'string' ? header : header?.join(',');
  return text === undefined ? undefined : /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(text)?.[1];
}
