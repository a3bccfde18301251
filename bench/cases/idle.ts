import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpApi } from '../../test/fixtures/http.ts';
import { type BenchEngine, cpuSeconds, parentOf, residentMegabytes } from '../engines.ts';
import type { Benchmark } from '../measure.ts';
import { createContainers, removeContainers } from './containers.ts';

const CONTAINERS = 20;
const WATCHED_SECONDS = 10;

/** What engines cost that have nothing to do: alone, and with containers that sleep. */
export function idleBenchmarks(engines: readonly BenchEngine[]): Benchmark[] {
  const [ours] = engines;
  const withPid = engines.flatMap(({ name, pid, socketPath }) => (pid === undefined ? [] : [{ name, pid, socketPath }]));
  const ids = new Map<string, string[]>();
  const prepare = async (): Promise<void> => {
    for (const { name, socketPath } of engines) {
      if (!ids.has(name)) ids.set(name, await createContainers(socketPath, CONTAINERS));
      await Promise.all((ids.get(name) ?? []).map((id) => new HttpApi(socketPath).call('POST', `/containers/${id}/start`, { timeoutMs: 60_000 })));
    }
    // What the starts have left behind is done by then.
    await sleep(15_000);
  };
  const after = async (): Promise<void> => {
    for (const { name, socketPath } of engines) await removeContainers(socketPath, ids.get(name) ?? []);
    ids.clear();
  };
  return [
    {
      name: 'engine memory, idle', unit: 'MB', better: 'low', rounds: 3, limit: 90,
      prepare: () => sleep(15_000),
      peers: withPid.filter(({ name }) => name === ours?.name || name === 'dockerd').map(({ name, pid }) => ({ name, run: () => residentMegabytes(pid) })),
    },
    {
      name: `memory of helpers per idle container, of ${String(CONTAINERS)}`, unit: 'MB', better: 'low', rounds: 3, limit: 5, prepare, after,
      peers: withPid.map(({ name, socketPath }) => ({ name, run: () => helperMegabytes(socketPath, ids.get(name) ?? []) })),
    },
    {
      name: `processor time with ${String(CONTAINERS)} idle containers`, unit: '%', better: 'low', rounds: 3, limit: 0.2, prepare, after,
      peers: withPid.map(({ name, pid }) => ({
        name,
        run: async () => {
          const before = await cpuSeconds(pid);
          await sleep(WATCHED_SECONDS * 1000);
          return ((await cpuSeconds(pid)) - before) / WATCHED_SECONDS * 100;
        },
      })),
    },
  ];
}

/** Memory of the processes that the containers' first processes hang on, by container. */
async function helperMegabytes(socketPath: string, ids: readonly string[]): Promise<number> {
  const api = new HttpApi(socketPath);
  const helpers = new Set<number>();
  for (const id of ids) {
    const { State: { Pid: pid } } = (await api.get(`/containers/${id}/json`)).as<{ State: { Pid: number } }>();
    const parent = await parentOf(pid);
    if (parent > 1) helpers.add(parent);
  }
  const sizes = await Promise.all([...helpers].map(async (pid) => Number(/VmRSS:\s*(\d+)/.exec(await readFile(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? 0) / 1024));
  return sizes.reduce((sum, size) => sum + size, 0) / ids.length;
}
