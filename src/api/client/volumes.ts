import { InternalError } from '../errors.ts';
import { jsonLines } from '../json-lines.ts';
import type { VolumeCreateRequest, VolumeSummary } from '../wire/volume.ts';
import type { Filters } from './containers.ts';
import type { EngineClient } from './engine-client.ts';

export function listVolumes(client: EngineClient, query: { filters?: Filters } = {}): Promise<{ Volumes: VolumeSummary[] | null; Warnings: string[] | null }> {
  return client.json('GET', '/volumes', { query });
}

export function createVolume(client: EngineClient, request: VolumeCreateRequest): Promise<VolumeSummary> {
  return client.json('POST', '/volumes/create', { json: request });
}

export function removeVolume(client: EngineClient, name: string, query: { force?: boolean } = {}): Promise<void> {
  return client.call('DELETE', `/volumes/${encodeURIComponent(name)}`, { query });
}

/** A new volume with the data of another. */
export function cloneVolume(client: EngineClient, name: string, to: string): Promise<VolumeSummary> {
  return client.json('POST', `/strata/volumes/${encodeURIComponent(name)}/clone`, { query: { to } });
}

/** The data of a volume as a tar. */
export function exportVolume(client: EngineClient, name: string): Promise<AsyncIterable<Uint8Array>> {
  return client.stream('GET', `/strata/volumes/${encodeURIComponent(name)}/export`);
}

/** Fills a volume, which is made if it is not there, from a tar. */
export async function importVolume(client: EngineClient, name: string, archive: AsyncIterable<Uint8Array>): Promise<VolumeSummary> {
  const reply = await client.stream('POST', `/strata/volumes/${encodeURIComponent(name)}/import`, { body: archive, contentType: 'application/x-tar' });
  for await (const volume of jsonLines<VolumeSummary>(reply)) return volume;
  throw new InternalError('the engine has closed the connection before it answered');
}
