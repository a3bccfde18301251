import { timed, type Benchmark } from '../measure.ts';
import type { BenchEngine } from '../engines.ts';
import { HttpApi } from '../../test/fixtures/http.ts';

const CROWD = 200;

/** Networks and published ports, through the API itself: the docker command would hide what an engine takes. */
export function networkBenchmarks(engines: readonly BenchEngine[]): Benchmark[] {
  const [ours] = engines;
  return [
    ...[{ ports: 1, target: 0.4 }, { ports: 32, target: 0.15 }].map(({ ports, target }): Benchmark => ({
      name: `start of a container with ${String(ports)} published port${ports === 1 ? '' : 's'}`, unit: 'ms', better: 'low', rounds: ports === 1 ? 15 : 7, target,
      peers: engines.map(({ name, socketPath }) => ({ name, run: () => startTime(new HttpApi(socketPath), ports, 20_000) })),
    })),
    {
      name: 'network create and delete', unit: 'ms', better: 'low', rounds: 15, target: 0.3,
      peers: engines.map(({ name, socketPath }) => ({ name, run: () => createAndDelete(new HttpApi(socketPath)) })),
    },
    ...(ours ? [crowdBenchmark(ours)] : []),
  ];
}

/** How long the start itself takes; the container is removed again. */
async function startTime(api: HttpApi, ports: number, first: number): Promise<number> {
  const id = await create(api, ports, first);
  const ms = await timed(() => must(api.post(`/containers/${id}/start`, undefined, { timeoutMs: 120_000 })));
  await must(api.delete(`/containers/${id}?force=1`));
  return ms;
}

async function create(api: HttpApi, ports: number, first: number): Promise<string> {
  const numbers = Array.from({ length: ports }, (_, index) => index);
  const reply = await api.post('/containers/create', {
    Image: 'busybox', Cmd: ['sleep', '1000'], ExposedPorts: Object.fromEntries(numbers.map((index) => [`${String(1000 + index)}/tcp`, {}])),
    HostConfig: { PortBindings: Object.fromEntries(numbers.map((index) => [`${String(1000 + index)}/tcp`, [{ HostPort: String(first + index) }]])) },
  });
  if (reply.status !== 201) throw new Error(reply.text);
  return reply.as<{ Id: string }>().Id;
}

function createAndDelete(api: HttpApi): Promise<number> {
  return timed(async () => {
    await must(api.post('/networks/create', { Name: 'bench-net' }));
    await must(api.delete('/networks/bench-net'));
  });
}

/** Starts of containers with two ports each: the median of the 10th to the 19th beside that of the last ten of many. */
function crowdBenchmark(engine: BenchEngine): Benchmark {
  const api = new HttpApi(engine.socketPath);
  const times: number[] = [];
  const ids: string[] = [];
  const prepare = async (): Promise<void> => {
    for (let index = 0; index < CROWD; index += 1) {
      const id = await create(api, 2, 30_000 + index * 2);
      ids.push(id);
      times.push(await timed(() => must(api.post(`/containers/${id}/start`, undefined, { timeoutMs: 120_000 }))));
    }
    for (const id of ids) await must(api.delete(`/containers/${id}?force=1`));
  };
  const window = (from: number): Promise<number> => Promise.resolve(times.slice(from, from + 10).toSorted((a, b) => a - b)[5] ?? Number.NaN);
  return {
    name: `start of the ${String(CROWD)}th container with 2 ports beside the 10th`, unit: 'ms', better: 'low', rounds: 1, target: 1.2, prepare,
    peers: [{ name: `${String(CROWD)}th`, run: () => window(CROWD - 10) }, { name: '10th', run: () => window(9) }],
  };
}

async function must(reply: Promise<{ status: number; text: string }>): Promise<void> {
  const { status, text } = await reply;
  if (status >= 300) throw new Error(`${String(status)} ${text}`);
}
