import type { EndpointSettings } from '../wire/container.ts';
import type { NetworkCreateRequest, NetworkSummary } from '../wire/network.ts';
import type { Filters } from './containers.ts';
import type { EngineClient } from './engine-client.ts';

export function listNetworks(client: EngineClient, query: { filters?: Filters } = {}): Promise<NetworkSummary[]> {
  return client.json('GET', '/networks', { query });
}

export function createNetwork(client: EngineClient, request: NetworkCreateRequest): Promise<{ Id: string; Warning: string }> {
  return client.json('POST', '/networks/create', { json: request });
}

export function connectNetwork(client: EngineClient, id: string, request: { Container: string; EndpointConfig?: EndpointSettings }): Promise<void> {
  return client.call('POST', `/networks/${encodeURIComponent(id)}/connect`, { json: request });
}

export function disconnectNetwork(client: EngineClient, id: string, request: { Container: string; Force?: boolean }): Promise<void> {
  return client.call('POST', `/networks/${encodeURIComponent(id)}/disconnect`, { json: request });
}

export function removeNetwork(client: EngineClient, id: string): Promise<void> {
  return client.call('DELETE', `/networks/${encodeURIComponent(id)}`);
}
