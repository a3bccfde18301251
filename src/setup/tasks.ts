import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.ts';
import { ensureGuestImage } from './guest.ts';
import { ensurePackages, ENGINE_REQUIREMENTS, MACHINE_REQUIREMENTS, TEST_REQUIREMENTS } from './packages.ts';
import { node, root } from './paths.ts';
import { visibly } from './step.ts';

/** `npm test [-- --group NAME …]`: all set-up, then every suite that this machine can run. */
export async function tests(args: readonly string[]): Promise<number> {
  await ensurePackages([...MACHINE_REQUIREMENTS, ...ENGINE_REQUIREMENTS, ...TEST_REQUIREMENTS]);
  await build();
  await ensureGuestImage();
  return visibly(node, [join(root, 'test/run.ts'), ...args], { cwd: root });
}

/** `npm run bench`: the benchmarks, beside dockerd and podman where they are installed. */
export async function benchmarks(args: readonly string[]): Promise<number> {
  await ensurePackages([...MACHINE_REQUIREMENTS, ...ENGINE_REQUIREMENTS]);
  await build();
  const entry = join(root, 'bench/run.ts');
  if (!existsSync(entry)) throw new Error('there are no benchmarks in this checkout (bench/run.ts)');
  return visibly(node, [entry, ...args], { cwd: root });
}

/** `npm run image`: builds the guest image, or says that it is up to date. */
export async function guestImage(): Promise<number> {
  await build();
  await ensureGuestImage();
  return 0;
}
