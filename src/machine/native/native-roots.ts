import { join } from 'node:path';
import type { MachinePaths } from '../machine-paths.ts';

/**
 * Where the engine of a native machine keeps its data. A home that was chosen keeps everything in itself; the usual home of root
 * uses the system's places, where a large disk and a memory file system are expected.
 */
export function nativeRoots(paths: MachinePaths, env: NodeJS.ProcessEnv = process.env): { dataRoot: string; execRoot: string } {
  const chosenHome = env['STRATA_HOME'];
  if (chosenHome !== undefined && chosenHome !== '') return { dataRoot: join(paths.directory, 'engine'), execRoot: join(paths.directory, 'exec') };
  return paths.name === 'default'
    ? { dataRoot: '/var/lib/strata', execRoot: '/run/strata' }
    : { dataRoot: `/var/lib/strata-machines/${paths.name}`, execRoot: `/run/strata-machines/${paths.name}` };
}
