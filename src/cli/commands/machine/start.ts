import type { DriverName } from '../../../api/machine.ts';
import { startMachine as startIt } from '../../../machine/start-machine.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, int, InvalidFlagValue, parsed } from '../../grammar/flag.ts';
import { parseBytes } from '../../create/values.ts';
import { machineName, nameFlag } from './name-flag.ts';
import { assertRunning, StartProgress } from './start-progress.ts';

export const startMachine = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    cpus: int('Number of CPUs'),
    disk: parsed('Size of the data disk; it can grow, not shrink', 'size', (value) => sizeIn(value, 1024 ** 3, 'GiB')),
    driver: parsed('How the machine is run (auto, qemu, native, vfkit, wsl2)', 'string', parseDriver),
    memory: parsed('Size of the memory', 'size', (value) => sizeIn(value, 1024 ** 2, 'MiB')),
    name: nameFlag(),
    quiet: bool('Show nothing but errors', { short: 'q' }),
  },
  examples: [['machine start', 'Start the machine, making it the first time'], ['machine start --name big --cpus 8 --memory 16g --disk 200g', 'A second, larger machine']],
  async run(cli, { flags }) {
    const progress = new StartProgress(process.stderr);
    const status = await startIt({ name: machineName(cli, flags.name) }, {
      ...(flags.driver === undefined ? {} : { driver: flags.driver }), ...(flags.cpus === undefined ? {} : { cpus: flags.cpus }),
      ...(flags.memory === undefined ? {} : { memoryMiB: flags.memory }), ...(flags.disk === undefined ? {} : { diskGiB: flags.disk }),
      onStatus: (seen) => { if (!flags.quiet) progress.show(seen); },
    });
    progress.end();
    assertRunning(status);
    if (!flags.quiet) cli.line(`Machine ${status.name} is running: ${status.engineEndpoint ?? ''}`);
    return 0;
  },
});

const DRIVERS = ['auto', 'qemu', 'native', 'vfkit', 'wsl2'] as const;

function parseDriver(value: string): DriverName | 'auto' {
  const driver = DRIVERS.find((name) => name === value);
  if (driver === undefined) throw new InvalidFlagValue(`use one of ${DRIVERS.join(', ')}`);
  return driver;
}

/** A number alone counts in `unit`s, as in `--memory 4096`. */
function sizeIn(value: string, unit: number, name: string): number {
  const count = /^\d+$/.test(value) ? Number(value) : parseBytes(value) / unit;
  if (!Number.isInteger(count) || count < 1) throw new InvalidFlagValue(`use whole ${name}, e.g. 8g`);
  return count;
}
