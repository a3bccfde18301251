import type { EventMessage, InfoResponse, VersionResponse } from '../wire/system.ts';
import { jsonLines } from '../json-lines.ts';
import type { EngineClient } from './engine-client.ts';
import type { Filters } from './containers.ts';

/** Resolves when the engine answers; headers carry its API version. */
export async function ping(client: EngineClient, signal?: AbortSignal): Promise<{ apiVersion: string | undefined }> {
  const response = await client.send('GET', '/_ping', signal ? { signal } : {});
  for await (const _ of response.body);
  return { apiVersion: response.headers['api-version'] };
}

export function version(client: EngineClient): Promise<VersionResponse> {
  return client.json('GET', '/version');
}

export function info(client: EngineClient): Promise<InfoResponse> {
  return client.json('GET', '/info');
}

/** Events as they happen; ends at `until`, or when `signal` aborts. */
export async function* events(client: EngineClient, query: { since?: string; until?: string; filters?: Filters } = {}, signal?: AbortSignal): AsyncGenerator<EventMessage> {
  yield* jsonLines<EventMessage>(await client.stream('GET', '/events', { query, ...(signal ? { signal } : {}) }));
}
