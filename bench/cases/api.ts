import type { BenchEngine } from '../engines.ts';
import type { Benchmark } from '../measure.ts';
import { Requests } from '../requests.ts';
import { createContainers, removeContainers } from './containers.ts';

const CONTAINERS = 20;

/** How many small questions an engine answers in a second, one after the other on one connection. */
export function apiBenchmarks(engines: readonly BenchEngine[]): Benchmark[] {
  const ids = new Map<string, string[]>();
  const peersFor = (path: string, count: number): Benchmark['peers'] => engines.map(({ name, socketPath }) => ({
    name,
    run: async () => {
      using requests = new Requests(socketPath, path);
      return await requests.perSecond(count);
    },
  }));
  return [
    { name: 'GET /_ping on one connection', unit: 'per s', better: 'high', rounds: 5, target: 1, peers: peersFor('/_ping', 1000) },
    {
      name: `GET /containers/json on one connection, ${String(CONTAINERS)} containers`, unit: 'per s', better: 'high', rounds: 5, target: 1,
      prepare: async () => { for (const { name, socketPath } of engines) ids.set(name, await createContainers(socketPath, CONTAINERS)); },
      after: async () => { for (const { name, socketPath } of engines) await removeContainers(socketPath, ids.get(name) ?? []); },
      peers: peersFor('/v1.41/containers/json?all=1', 500),
    },
  ];
}
