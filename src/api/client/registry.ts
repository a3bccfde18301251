import type { ImageSearchResult, RegistryLogin, RegistryLoginReply } from '../wire/registry.ts';
import type { Filters } from './containers.ts';
import type { EngineClient } from './engine-client.ts';

/** The header that carries a person's credentials for the registry that a call needs. */
export const authHeader = (registryAuth: string | undefined): Record<string, string> => (registryAuth === undefined ? {} : { 'x-registry-auth': registryAuth });

/** Tries credentials at a registry. @throws UnauthorizedError */
export function loginAtRegistry(client: EngineClient, login: RegistryLogin): Promise<RegistryLoginReply> {
  return client.json('POST', '/auth', { json: login });
}

export function searchImages(client: EngineClient, query: { term: string; limit?: number; filters?: Filters }, registryAuth?: string): Promise<ImageSearchResult[]> {
  return client.json('GET', '/images/search', { query, headers: authHeader(registryAuth) });
}
