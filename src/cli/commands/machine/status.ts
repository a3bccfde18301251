import type { MachineStatus } from '../../../api/machine.ts';
import { machineStatus as statusOf } from '../../../machine/machine-life.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { bytesSize, humanDuration } from '../../output/units.ts';
import { machineName, nameFlag } from './name-flag.ts';

export const machineStatus = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: { json: bool('Show everything as JSON, with the times of the start'), name: nameFlag() },
  examples: [['machine status --json', 'For scripts']],
  async run(cli, { flags }) {
    const status = await statusOf({ name: machineName(cli, flags.name) });
    cli.line(flags.json ? JSON.stringify(status, undefined, 2) : describe(status).join('\n'));
    return status.state === 'error' ? 1 : 0;
  },
});

function describe(status: MachineStatus): string[] {
  const row = (name: string, value: string): string => `${`${name}:`.padEnd(13)}${value}`;
  const lines = [row('Name', status.name), row('State', status.state), row('Driver', status.driver + (status.accelerator === undefined ? '' : ` (${status.accelerator})`))];
  if (status.engineEndpoint !== undefined) lines.push(row('Engine', status.engineEndpoint));
  if (status.uptimeSeconds !== undefined) lines.push(row('Up', humanDuration(status.uptimeSeconds * 1000)));
  lines.push(row('CPUs', String(status.cpus)), row('Memory', `${status.memoryMiB} MiB`));
  lines.push(row('Disk', `${status.diskGiB} GiB${status.diskUsedBytes === undefined ? '' : `, of which ${bytesSize(status.diskUsedBytes)} are used`}`));
  const last = status.phases.at(-1)?.endedMs;
  if (last !== undefined) lines.push(row('Started in', `${(last / 1000).toFixed(2)} s (${status.phases.map(({ phase, startedMs, endedMs }) => `${phase} ${(((endedMs ?? startedMs) - startedMs) / 1000).toFixed(2)}`).join(', ')})`));
  for (const warning of status.warnings) lines.push(row('Warning', warning));
  if (status.failure !== undefined) {
    lines.push(row('Failed', `in phase ${status.failure.phase}: ${status.failure.message}`));
    if (status.failure.remedy !== undefined) lines.push(row('Remedy', status.failure.remedy));
  }
  return lines;
}
