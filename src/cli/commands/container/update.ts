import { updateContainer } from '../../../api/client/containers.ts';
import type { ContainerUpdateRequest } from '../../../api/wire/container.ts';
import { CREATE_FLAGS } from '../../create/create-flags.ts';
import { parseRestart } from '../../create/create-request.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { text } from '../../grammar/flag.ts';
import { forEach } from '../each.ts';

export const update = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  flags: {
    'blkio-weight': CREATE_FLAGS['blkio-weight'], 'cpu-period': CREATE_FLAGS['cpu-period'], 'cpu-quota': CREATE_FLAGS['cpu-quota'], 'cpu-shares': CREATE_FLAGS['cpu-shares'],
    cpus: CREATE_FLAGS.cpus, 'cpuset-cpus': CREATE_FLAGS['cpuset-cpus'], 'cpuset-mems': CREATE_FLAGS['cpuset-mems'], memory: CREATE_FLAGS.memory,
    'memory-reservation': CREATE_FLAGS['memory-reservation'], 'memory-swap': CREATE_FLAGS['memory-swap'], 'pids-limit': CREATE_FLAGS['pids-limit'],
    restart: text('What to do when the container ends (no, on-failure[:n], always, unless-stopped)'),
  },
  examples: [['update --memory 512m --cpus 1.5 web', 'Other limits for "web", at once'], ['update --restart unless-stopped web', 'Start "web" again whenever it ends']],
  async run(cli, { flags, args }) {
    if (Object.values(flags).every((value) => value === undefined)) throw new ExitError(1, 'you must provide one or more flags when using this command');
    const fields: ContainerUpdateRequest = Object.fromEntries(Object.entries({
      BlkioWeight: flags['blkio-weight'], CpuPeriod: flags['cpu-period'], CpuQuota: flags['cpu-quota'], CpuShares: flags['cpu-shares'], NanoCpus: flags.cpus,
      CpusetCpus: flags['cpuset-cpus'], CpusetMems: flags['cpuset-mems'], Memory: flags.memory, MemoryReservation: flags['memory-reservation'], MemorySwap: flags['memory-swap'],
      PidsLimit: flags['pids-limit'], RestartPolicy: flags.restart === undefined ? undefined : parseRestart(flags.restart),
    }).filter(([, value]) => value !== undefined));
    const { client } = await cli.engine();
    const warnings: string[] = [];
    const status = await forEach(cli, args, async (name) => {
      warnings.push(...((await updateContainer(client, name, fields)).Warnings ?? []));
      return name;
    });
    if (warnings.length > 0) cli.error(warnings.join('\n'));
    return status;
  },
});
