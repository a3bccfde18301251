import type { NetworkCreateRequest, NetworkSummary } from '../wire/network.ts';
import type { Filters } from './containers.ts';
import type { EngineClient } from './engine-client.ts';

export function listNetworks(client: EngineClient, query: { filters?: Filters } = {}): Promise<NetworkSummary[]> {
  return client.json('GET', '/networks', { query });
}

export function createNetwork(client: EngineClient, request: NetworkCreateRequest): Promise<{ Id: string; Warning: string }> {
  return client.json('POST', '/networks/create', { json: request });
}

export function removeNetwork(client: EngineClient, id: string): Promise<void> {
  return client.call('DELETE', `/networks/${encodeURIComponent(id)}`);
}
