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
