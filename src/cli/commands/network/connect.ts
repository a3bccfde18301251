import { connectNetwork, disconnectNetwork } from '../../../api/client/networks.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, list, text } from '../../grammar/flag.ts';

export const connectNetworkCommand = defineCommand({
  usage: '[OPTIONS] NETWORK CONTAINER',
  args: { min: 2, max: 2 },
  flags: { alias: list('Add a name by which the network knows the container'), ip: text('IPv4 address of the container') },
  examples: [['network connect --alias db backend web', 'Put "web" into "backend", where it is also "db"']],
  async run(cli, { flags, args: [network = '', container = ''] }) {
    const { client } = await cli.engine();
    await connectNetwork(client, network, {
      Container: container, EndpointConfig: { Aliases: [...flags.alias], ...(flags.ip === undefined ? {} : { IPAMConfig: { IPv4Address: flags.ip } }) },
    });
    return 0;
  },
});

export const disconnectNetworkCommand = defineCommand({
  usage: '[OPTIONS] NETWORK CONTAINER',
  args: { min: 2, max: 2 },
  flags: { force: bool('Do not complain if it is not connected', { short: 'f' }) },
  examples: [['network disconnect backend web', 'Take "web" out of "backend"']],
  async run(cli, { flags, args: [network = '', container = ''] }) {
    const { client } = await cli.engine();
    await disconnectNetwork(client, network, { Container: container, Force: flags.force });
    return 0;
  },
});
