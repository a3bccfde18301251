import { fileURLToPath } from 'node:url';
import { exec } from '../../src/base/exec.ts';
import { findTool } from '../../test/fixtures/requirements.ts';
import { timed, type Benchmark } from '../measure.ts';

const strata = fileURLToPath(new URL('../../bin/strata', import.meta.url));

/** Start-up of the command, beside the docker command. */
export function commandBenchmarks(): Benchmark[] {
  const docker = findTool('docker');
  const commands = [{ name: 'strata', file: strata }, ...(docker === undefined ? [] : [{ name: 'docker', file: docker }])];
  return [{
    name: 'command --version', unit: 'ms', better: 'low', rounds: 20,
    peers: commands.map(({ name, file }) => ({ name, run: () => timed(() => exec(file, ['--version'])) })),
  }];
}
