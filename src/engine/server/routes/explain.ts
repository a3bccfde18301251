import type { ContainerRegistry } from '../../containers/container-registry.ts';
import type { Explainer } from '../../explain/explainer.ts';
import type { Route } from '../route.ts';

export function explainRoutes({ registry, explainer }: { registry: ContainerRegistry; explainer: Explainer }): Route[] {
  return [{
    method: 'GET', path: '/strata/containers/{id}/explain',
    handler: async (context) => { context.json(200, await explainer.explain(registry.get(context.params['id'] ?? ''))); },
  }];
}
