import { Agent, request } from 'node:http';
import { timed, type Benchmark } from '../measure.ts';
import { residentMegabytes, type BenchEngine } from '../engines.ts';

/** What containers cost, through the same docker command on both engines. */
export function containerBenchmarks(engines: readonly BenchEngine[]): Benchmark[] {
  return [
    {
      name: 'docker run --rm busybox true', unit: 'ms', better: 'low', rounds: 15, target: 0.3,
      peers: engines.map(({ name, docker }) => ({ name, run: () => timed(() => docker.ok('run', '--rm', 'busybox', 'true')) })),
    },
    {
      name: 'docker ps', unit: 'ms', better: 'low', rounds: 15,
      peers: engines.map(({ name, docker }) => ({ name, run: () => timed(() => docker.ok('ps', '-a')) })),
    },
    {
      name: 'GET /_ping on one connection', unit: 'per s', better: 'high', rounds: 5, target: 1,
      peers: engines.map(({ name, socketPath }) => ({ name, run: () => requestsPerSecond(socketPath, '/_ping', 1000) })),
    },
  ];
}

/** Memory of our engine when it has nothing to do. */
export function memoryBenchmark(engine: BenchEngine): Benchmark {
  const { pid } = engine;
  return {
    name: 'engine memory, idle', unit: 'MB', better: 'low', rounds: 3,
    peers: pid === undefined ? [] : [{ name: engine.name, run: () => residentMegabytes(pid) }],
  };
}

/** A row of requests, one after the other, on a kept connection. */
async function requestsPerSecond(socketPath: string, path: string, count: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ms = await timed(async () => {
    for (let i = 0; i < count; i++) await get(socketPath, path, agent);
  });
  agent.destroy();
  return count / (ms / 1000);
}

function get(socketPath: string, path: string, agent: Agent): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  request({ socketPath, path, agent }, (response) => { response.resume().on('end', () => { resolve(undefined); }); }).on('error', reject).end();
  return promise;
}
