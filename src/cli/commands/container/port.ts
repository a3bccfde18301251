import { inspectContainer } from '../../../api/client/containers.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { hostPort } from '../../output/ports.ts';

export const port = defineCommand({
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  args: { min: 1, max: 2 },
  flags: {},
  examples: [['port web 80', 'Where port 80 of "web" can be reached']],
  async run(cli, { args: [name = '', wanted] }) {
    const { client } = await cli.engine();
    const ports = (await inspectContainer(client, name)).NetworkSettings.Ports ?? {};
    if (wanted !== undefined) {
      const [number = '', protocol = 'tcp'] = wanted.split('/');
      if (!/^\d+$/.test(number) || Number(number) > 65535) throw new ExitError(1, `Error: invalid port (${number}): use a number from 1 to 65535`);
      const bindings = ports[`${number}/${protocol}`];
      if (bindings === undefined || bindings === null) throw new ExitError(1, `Error: No public port '${wanted}' published for ${name}`);
      for (const line of bindings.map((binding) => hostPort(binding.HostIp ?? '', binding.HostPort ?? ''))) cli.line(line);
      return 0;
    }
    const lines = Object.entries(ports).flatMap(([inside, bindings]) => (bindings ?? []).map((binding) => ({ inside, line: `${inside} -> ${hostPort(binding.HostIp ?? '', binding.HostPort ?? '')}` })));
    for (const { line } of lines.toSorted((a, b) => Number.parseInt(a.inside, 10) - Number.parseInt(b.inside, 10) || (a.line < b.line ? -1 : 1))) cli.line(line);
    return 0;
  },
});
