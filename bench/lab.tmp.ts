import { writeFile } from 'node:fs/promises';
import { benchEngines } from './engines.ts';
import { writeManyImages } from './many-images.ts';
import { Scratch } from '../test/fixtures/scratch.ts';
import { BenchRegistry } from './registry.ts';
import { benchLayout } from './layouts.ts';
await using cleanup = new AsyncDisposableStack();
const engines = await benchEngines(cleanup);
const scratch = cleanup.use(await Scratch.create('lab'));
const lines = engines.map((e) => `${e.name}_sock=${e.socketPath}; ${e.name}_pid=${e.pid}; ${e.name}_net=${e.network.name}`);
if (process.argv.includes('many')) {
  await writeManyImages(scratch.file('many.tar'), 1000);
  for (const e of engines) await e.docker.ok('load', '-q', '-i', scratch.file('many.tar'));
}
const which = process.argv.filter((a) => a.startsWith('pub=')).flatMap((a) => a.slice(4).split(','));
if (which.length > 0) {
  const reg = cleanup.use(await BenchRegistry.start(engines.map((e) => e.network) as never));
  for (const w of which) lines.push('# ' + (await reg.publish(w, await benchLayout(w as never))).join(' '));
}
await writeFile('/tmp/perf-lab/env', lines.join('\n') + '\n');
const { promise, resolve } = Promise.withResolvers<void>();
process.on('SIGTERM', () => resolve());
const t = setTimeout(resolve, 3600_000);
await promise; clearTimeout(t);
