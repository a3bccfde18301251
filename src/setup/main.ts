import { messageOf } from '../api/errors.ts';
import { build } from './build.ts';
import { lint } from './lint.ts';
import { start } from './start.ts';
import { benchmarks, guestImage, tests } from './tasks.ts';

/** `npm start`, `npm test` and the others end here, on the pinned Node. Each does the set-up that it needs and is safe to repeat. */
const tasks: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  start, test: tests, bench: benchmarks, image: guestImage, lint,
  build: async () => { await build(); return 0; },
};

const [name = '', ...args] = process.argv.slice(2);
const task = tasks[name];
if (!task) {
  process.stderr.write(`strata: no task "${name}"; there are ${Object.keys(tasks).join(', ')}\n`);
  process.exit(2);
}
try {
  process.exitCode = await task(args);
} catch (error) {
  process.stderr.write(`strata: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
