import { HttpApi } from '../../test/fixtures/http.ts';
import { findTool } from '../../test/fixtures/requirements.ts';
import { Scratch } from '../../test/fixtures/scratch.ts';
import { bareRuntime } from '../bare-runtime.ts';
import type { BenchEngine } from '../engines.ts';
import { timed, type Benchmark } from '../measure.ts';
import { Requests } from '../requests.ts';

const PARALLEL = 50;
const MANY = 500;
/** Ended by the first signal: what is measured is the engine, not a grace period. */
const SLEEPER = { Image: 'busybox', Cmd: ['sleep', '100000'], StopSignal: 'SIGKILL' };

/** What containers cost, through the same docker command on all engines, and where that command is most of the time, by the request alone. */
export async function containerBenchmarks(engines: readonly BenchEngine[], cleanup: AsyncDisposableStack): Promise<Benchmark[]> {
  const bare = findTool('runc') === undefined ? undefined : await bareRuntime('runc', cleanup.use(await Scratch.create('bare')));
  const sleeper = 'bench-sleeper';
  return [
    {
      name: 'docker run --rm busybox true', unit: 'ms', better: 'low', rounds: 15, target: 0.3,
      peers: [
        ...engines.map(({ name, docker }) => ({ name, run: () => timed(() => docker.ok('run', '--rm', 'busybox', 'true')) })),
        ...(bare ? [{ name: 'runc run', run: () => timed(bare) }] : []),
        { name: 'docker --version', run: () => timed(() => engines[0]?.docker.ok('--version') ?? Promise.resolve()) },
      ],
    },
    {
      name: 'docker exec CONTAINER true', unit: 'ms', better: 'low', rounds: 15, target: 0.5,
      prepare: async () => { for (const { docker } of engines) await docker.ok('run', '-d', '--stop-signal', 'KILL', '--name', sleeper, 'busybox', 'sleep', '100000'); },
      after: async () => { for (const { docker } of engines) await docker.ok('rm', '-f', sleeper); },
      peers: engines.map(({ name, docker }) => ({ name, run: () => timed(() => docker.ok('exec', sleeper, 'true')) })),
    },
    parallelBenchmark(engines),
    ...listBenchmarks(engines),
  ];
}

/** By the API: the docker command would start them one after the other. */
function parallelBenchmark(engines: readonly BenchEngine[]): Benchmark {
  const ids = new Map<string, string[]>();
  return {
    name: `start and stop of ${String(PARALLEL)} containers in parallel`, unit: 'ms', better: 'low', rounds: 3, target: 0.35,
    prepare: async () => { for (const { name, socketPath } of engines) ids.set(name, await createContainers(socketPath, PARALLEL)); },
    after: async () => { for (const { name, socketPath } of engines) await removeContainers(socketPath, ids.get(name) ?? []); },
    peers: engines.map(({ name, socketPath }) => ({
      name,
      run: () => timed(async () => {
        for (const verb of ['start', 'stop']) await all(ids.get(name) ?? [], (id) => call(socketPath, 'POST', `/containers/${id}/${verb}`));
      }),
    })),
  };
}

function listBenchmarks(engines: readonly BenchEngine[]): Benchmark[] {
  const ids = new Map<string, string[]>();
  const prepare = async (): Promise<void> => { for (const { name, socketPath } of engines) if (!ids.has(name)) ids.set(name, await createContainers(socketPath, MANY)); };
  const after = async (): Promise<void> => {
    for (const { name, socketPath } of engines) await removeContainers(socketPath, ids.get(name) ?? []);
    ids.clear();
  };
  return [
    {
      name: `docker ps -a: ${String(MANY)} of them`, unit: 'ms', better: 'low', rounds: 15, target: 0.5, prepare, after,
      peers: [
        ...engines.map(({ name, docker }) => ({ name, run: () => timed(() => docker.ok('ps', '-a')) })),
        { name: 'docker --version', run: () => timed(() => engines[0]?.docker.ok('--version') ?? Promise.resolve()) },
      ],
    },
    {
      name: `GET /containers/json?all=1 alone: ${String(MANY)} of them`, unit: 'ms', better: 'low', rounds: 15, target: 0.5, prepare, after,
      peers: engines.map(({ name, socketPath }) => {
        const requests = new Requests(socketPath, '/v1.41/containers/json?all=1');
        return { name, run: () => timed(() => requests.send()) };
      }),
    },
  ];
}

/** Of busybox, sleeping once they are started. @returns their ids */
export async function createContainers(socketPath: string, count: number): Promise<string[]> {
  return all(Array.from({ length: count }), async () => (await call(socketPath, 'POST', '/containers/create', SLEEPER)).as<{ Id: string }>().Id);
}

export async function removeContainers(socketPath: string, ids: readonly string[]): Promise<void> {
  await all(ids, (id) => call(socketPath, 'DELETE', `/containers/${id}?force=1`));
}

async function call(socketPath: string, method: string, path: string, json?: unknown): ReturnType<HttpApi['call']> {
  const reply = await new HttpApi(socketPath).call(method, path, { timeoutMs: 120_000, ...(json === undefined ? {} : { json }) });
  if (reply.status >= 300) throw new Error(`${method} ${path}: ${String(reply.status)} ${reply.text}`);
  return reply;
}

/** All at once. */
function all<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  return Promise.all(items.map(work));
}
