import { join } from 'node:path';
import { build } from './build.ts';
import { ensureGuestImage } from './guest.ts';
import { ensurePackages, MACHINE_REQUIREMENTS } from './packages.ts';
import { root } from './paths.ts';
import { visibly } from './step.ts';

/** `npm start`: all set-up, starts the machine and opens the interface; without a display it serves it and prints the URL. */
export async function start(args: readonly string[]): Promise<number> {
  await ensurePackages(MACHINE_REQUIREMENTS);
  await build();
  await ensureGuestImage();
  const strata = join(root, 'bin/strata');
  const started = await visibly(strata, ['machine', 'start']);
  if (started !== 0) return started;
  return visibly(strata, ['gui', ...args]);
}
