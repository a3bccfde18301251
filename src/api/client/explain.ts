import type { ContainerExplanation } from '../wire/explain.ts';
import type { EngineClient } from './engine-client.ts';

/** Why a container is as it is. */
export function explainContainer(client: EngineClient, id: string): Promise<ContainerExplanation> {
  return client.json('GET', `/strata/containers/${encodeURIComponent(id)}/explain`);
}
