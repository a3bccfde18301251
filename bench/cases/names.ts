import { fileURLToPath } from 'node:url';
import { exec } from '../../src/base/exec.ts';
import type { BenchEngine } from '../engines.ts';
import type { Benchmark } from '../measure.ts';

const PROGRAM = fileURLToPath(new URL('../name-questions.ts', import.meta.url));
const QUESTIONS = 20_000;
const AT_ONCE = 4;
const [NETWORK, TARGET, ASKER] = ['bench-names', 'bench-target', 'bench-asker'];

/** What asking for another container's name costs, from inside one container. */
export function nameBenchmarks(engines: readonly BenchEngine[]): Benchmark[] {
  const prepare = async (): Promise<void> => {
    for (const { docker } of engines) {
      await docker.ok('network', 'create', NETWORK);
      for (const name of [TARGET, ASKER]) await docker.ok('run', '-d', '--stop-signal', 'KILL', '--network', NETWORK, '--name', name, 'busybox', 'sleep', '100000');
    }
  };
  const after = async (): Promise<void> => {
    for (const { docker } of engines) {
      await docker.ok('rm', '-f', TARGET, ASKER);
      await docker.ok('network', 'rm', NETWORK);
    }
  };
  const peers = (figure: 'perSecond' | 'p99Ms'): Benchmark['peers'] => engines.map(({ name, docker }) => ({
    name,
    run: async () => {
      const pid = await docker.ok('inspect', '--format', '{{.State.Pid}}', ASKER);
      const { stdout } = await exec('nsenter', [`--net=/proc/${pid}/ns/net`, '--', process.execPath, PROGRAM, TARGET, String(QUESTIONS), String(AT_ONCE)], { timeoutMs: 60_000 });
      return (JSON.parse(stdout) as { perSecond: number; p99Ms: number })[figure];
    },
  }));
  return [
    { name: 'names of containers: questions, four at once', unit: 'per s', better: 'high', rounds: 5, limit: 5000, prepare, after, peers: peers('perSecond') },
    { name: 'names of containers: 99th percentile of an answer, four at once', unit: 'ms', better: 'low', rounds: 5, limit: 2, prepare, after, peers: peers('p99Ms') },
  ];
}
