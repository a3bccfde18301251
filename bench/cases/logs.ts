import type { BenchEngine } from '../engines.ts';
import { timed, type Benchmark } from '../measure.ts';

/** Of the 200 MB that one would like to see: dockerd writes fifty times as much for lines of two bytes, and the rate is the same. */
const MEGABYTES = 20;

/** From the start of a container that writes as fast as it can to the last byte that `docker logs -f` gives. */
export function logBenchmarks(engines: readonly BenchEngine[]): Benchmark[] {
  return [{
    name: `docker logs -f of yes | head -c ${String(MEGABYTES)}M`, unit: 'MB/s', better: 'high', rounds: 3, target: 1.5,
    peers: engines.map(({ name, docker }) => ({
      name,
      run: async () => {
        const id = await docker.ok('create', 'busybox', 'sh', '-c', `yes | head -c ${String(MEGABYTES)}m`);
        const ms = await timed(async () => {
          await docker.ok('start', id);
          const { stdoutBytes } = await docker.run(['logs', '-f', id], { timeoutMs: 120_000 });
          if (stdoutBytes.length !== MEGABYTES * 1024 * 1024) throw new Error(`${name}: ${String(stdoutBytes.length)} bytes came out of the log`);
        });
        await docker.ok('rm', '-f', id);
        return MEGABYTES / (ms / 1000);
      },
    })),
  }];
}
