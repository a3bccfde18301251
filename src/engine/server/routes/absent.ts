import { NotFoundError, NotImplementedError, UnavailableError } from '../../../api/errors.ts';
import type { Route } from '../route.ts';

const NOT_A_MANAGER = 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/** What Docker's API has and Strata does not: answered plainly, in the way that clients know. */
export function absentRoutes(): Route[] {
  const refuse = (method: Route['method'], path: string, error: () => Error): Route => ({ method, path, handler: () => { throw error(); } });
  const noSwarm = (): Error => new UnavailableError(NOT_A_MANAGER);
  const noPlugins = (): Error => new NotImplementedError('plugins are not implemented');
  return [
    ...['/swarm', '/nodes', '/services', '/tasks', '/secrets', '/configs'].map((path) => refuse('GET', path, noSwarm)),
    ...['/swarm/init', '/swarm/join', '/swarm/leave', '/swarm/update', '/services/create', '/secrets/create', '/configs/create'].map((path) => refuse('POST', path, noSwarm)),
    ...['/nodes', '/services', '/tasks', '/secrets', '/configs'].map((path) => refuse('GET', `${path}/{id}`, noSwarm)),
    { method: 'GET', path: '/plugins', handler: (context) => { context.json(200, []); } },
    refuse('POST', '/plugins/pull', noPlugins),
    // `docker inspect` asks here too, after containers, images, networks and volumes.
    { method: 'GET', path: '/plugins/{name*}/json', handler: (context) => { throw new NotFoundError(`plugin "${context.params['name'] ?? ''}" not found`); } },
    refuse('POST', '/session', () => new NotImplementedError('building is not implemented')),
    refuse('POST', '/grpc', () => new NotImplementedError('building is not implemented')),
    refuse('POST', '/build', () => new NotImplementedError('building is not implemented')),
    refuse('POST', '/build/prune', () => new NotImplementedError('building is not implemented')),
  ];
}
