/**
 * `npm run bench [-- --json FILE] [NAME…]`: every benchmark whose name holds one of the words, beside stock dockerd where it is installed.
 * Needs root (containers run natively). Prints medians with spread and ratios; measures nothing in the test suite.
 */
import { writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { apiBenchmarks } from './cases/api.ts';
import { commandBenchmarks } from './cases/command.ts';
import { containerBenchmarks } from './cases/containers.ts';
import { explorerBenchmarks } from './cases/explorer.ts';
import { idleBenchmarks } from './cases/idle.ts';
import { imageBenchmarks } from './cases/images.ts';
import { logBenchmarks } from './cases/logs.ts';
import { nameBenchmarks } from './cases/names.ts';
import { networkBenchmarks } from './cases/networks.ts';
import { benchEngines } from './engines.ts';
import { measure, report, type Result } from './measure.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
await using cleanup = new AsyncDisposableStack();
const engines = await benchEngines(cleanup);
const [ours] = engines;
const benchmarks = [...idleBenchmarks(engines), ...await containerBenchmarks(engines, cleanup), ...logBenchmarks(engines), ...networkBenchmarks(engines), ...nameBenchmarks(engines), ...apiBenchmarks(engines), ...commandBenchmarks(), ...(ours ? await explorerBenchmarks(ours, cleanup) : []), ...await imageBenchmarks(engines, cleanup)]
  .filter((benchmark) => positionals.length === 0 || positionals.some((word) => benchmark.name.includes(word)));

process.stdout.write(`${String(cpus().length)} × ${cpus()[0]?.model ?? 'unknown processor'}, Linux ${release()}, ${new Date().toISOString().slice(0, 10)}\n\n`);
const results: Result[] = [];
for (const benchmark of benchmarks) {
  const result = await measure(benchmark);
  results.push(result);
  process.stdout.write(`${report(result)}\n\n`);
}
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ date: new Date().toISOString(), results }, undefined, 2)}\n`);
