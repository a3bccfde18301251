import { createNetwork } from '../../../api/client/networks.ts';
import type { IpamConfig } from '../../../api/wire/network.ts';
import { keyValues } from '../../create/key-values.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, list, text } from '../../grammar/flag.ts';

export const createNetworkCommand = defineCommand({
  usage: '[OPTIONS] NETWORK',
  args: { min: 1, max: 1 },
  flags: {
    attachable: bool('Let containers be attached by hand'),
    driver: text('Driver of the network', { short: 'd', defaultText: '"bridge"' }),
    gateway: list('Gateway of a subnet'),
    internal: bool('Keep the network from the world outside'),
    'ip-range': list('Part of a subnet that containers get addresses from'),
    ipv6: bool('Give containers IPv6 addresses'),
    label: list('Set a label'),
    opt: list('Options of the driver', { short: 'o', metavar: 'map' }),
    subnet: list('Subnet in CIDR notation'),
  },
  examples: [['network create --subnet 10.9.0.0/24 backend', 'A network with addresses of your own choice']],
  async run(cli, { flags, args: [name = ''] }) {
    if (flags.subnet.length === 0 && (flags.gateway.length > 0 || flags['ip-range'].length > 0)) throw new ExitError(1, 'every ip-range or gateway must have a corresponding subnet');
    const config = flags.subnet.map((subnet, index): IpamConfig => ({
      Subnet: subnet, ...given('Gateway', flags.gateway[index]), ...given('IPRange', flags['ip-range'][index]),
    }));
    const { client } = await cli.engine();
    const created = await createNetwork(client, {
      Name: name, Driver: flags.driver ?? 'bridge', Internal: flags.internal, Attachable: flags.attachable, Options: keyValues(flags.opt), Labels: keyValues(flags.label),
      ...(flags.ipv6 ? { EnableIPv6: true } : {}), IPAM: { Driver: 'default', Options: {}, Config: config },
    });
    if (created.Warning !== '' && created.Warning !== undefined) cli.error(`WARNING: ${created.Warning}`);
    cli.line(created.Id);
    return 0;
  },
});

function given<K extends string>(name: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined ? {} : { [name]: value } as Partial<Record<K, string>>;
}
