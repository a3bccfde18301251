import type { MachineStatus } from '../../../api/machine.ts';
import { listMachines as listAll } from '../../../machine/machine-life.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { type Columns, printListing } from '../../output/listing.ts';
import { bytesSize } from '../../output/units.ts';
import { listFormat } from '../format-flag.ts';

export const listMachines = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: { format: listFormat(), quiet: bool('Show names only', { short: 'q' }) },
  examples: [['machine ls', 'All machines and their states']],
  async run(cli, { flags }) {
    await printListing(cli, { columns: COLUMNS, table: ['Name', 'State', 'Driver', 'CPUs', 'Memory', 'Disk', 'Used'], quiet: 'Name', rows: await listAll() }, flags);
    return 0;
  },
});

const COLUMNS: Columns<MachineStatus> = {
  Name: { header: 'NAME', value: (machine) => machine.name },
  State: { header: 'STATE', value: (machine) => machine.state },
  Driver: { header: 'DRIVER', value: (machine) => machine.driver },
  CPUs: { header: 'CPUS', value: (machine) => String(machine.cpus) },
  Memory: { header: 'MEMORY', value: (machine) => bytesSize(machine.memoryMiB * 1024 ** 2) },
  Disk: { header: 'DISK', value: (machine) => bytesSize(machine.diskGiB * 1024 ** 3) },
  Used: { header: 'USED', value: (machine) => (machine.diskUsedBytes === undefined ? 'N/A' : bytesSize(machine.diskUsedBytes)) },
  Endpoint: { header: 'ENDPOINT', value: (machine) => machine.engineEndpoint ?? '' },
};
