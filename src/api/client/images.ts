import type { ImageDeleteItem, ImageHistoryItem, ImageInspect, ImageSummary, ProgressMessage } from '../wire/image.ts';
import { jsonLines } from '../json-lines.ts';
import type { EngineClient, Query } from './engine-client.ts';
import type { Filters } from './containers.ts';
import { authHeader } from './registry.ts';

/** Image names may hold `/` and `:`, which stay as they are in docker's paths. */
const at = (name: string, verb: string): string => `/images/${name.split('/').map(encodeURIComponent).join('/')}${verb}`;

export function listImages(client: EngineClient, query: { all?: boolean; filters?: Filters; 'shared-size'?: boolean } = {}): Promise<ImageSummary[]> {
  return client.json('GET', '/images/json', { query });
}

export function inspectImage(client: EngineClient, name: string): Promise<ImageInspect> {
  return client.json('GET', at(name, '/json'));
}

export function imageHistory(client: EngineClient, name: string): Promise<ImageHistoryItem[]> {
  return client.json('GET', at(name, '/history'));
}

export function tagImage(client: EngineClient, name: string, query: { repo: string; tag?: string }): Promise<void> {
  return client.call('POST', at(name, '/tag'), { query });
}

export function removeImage(client: EngineClient, name: string, query: { force?: boolean; noprune?: boolean } = {}): Promise<ImageDeleteItem[]> {
  return client.json('DELETE', at(name, ''), { query });
}

/** Streams a docker or OCI archive in; yields progress. An `errorDetail` message is the failure: `load` reports errors in-band. */
export async function* loadImages(client: EngineClient, archive: AsyncIterable<Uint8Array>, query: { quiet?: boolean } = {}, signal?: AbortSignal): AsyncGenerator<ProgressMessage> {
  const body = await client.stream('POST', '/images/load', {
    query, body: archive, contentType: 'application/x-tar', ...(signal ? { signal } : {}),
  });
  yield* jsonLines<ProgressMessage>(body);
}

interface Transfer {
  /** X-Registry-Auth. */
  registryAuth?: string;
  signal?: AbortSignal;
}

/** Pulls; yields progress. A failure comes in-band, as `errorDetail`. `tag` may be a digest; without one, all tags are pulled. */
export function pullImage(client: EngineClient, query: { fromImage: string; tag?: string; platform?: string }, options: Transfer = {}): AsyncGenerator<ProgressMessage> {
  return transfer(client, '/images/create', query, options);
}

/** Pushes; yields progress. A failure comes in-band, as `errorDetail`. Without a tag, all tags of the name are pushed. */
export function pushImage(client: EngineClient, name: string, query: { tag?: string }, options: Transfer = {}): AsyncGenerator<ProgressMessage> {
  return transfer(client, at(name, '/push'), query, options);
}

async function* transfer(client: EngineClient, path: string, query: Query, { registryAuth, signal }: Transfer): AsyncGenerator<ProgressMessage> {
  yield* jsonLines<ProgressMessage>(await client.stream('POST', path, { query, headers: authHeader(registryAuth), ...(signal ? { signal } : {}) }));
}

/** A tar archive of the images, in docker's layout. */
export function saveImages(client: EngineClient, names: readonly string[], signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const query = names.map((name) => `names=${encodeURIComponent(name)}`).join('&');
  return client.stream('GET', `/images/get?${query}`, signal ? { signal } : {});
}
