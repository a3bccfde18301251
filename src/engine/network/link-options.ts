import { InvalidArgumentError } from '../../api/errors.ts';

/** What a macvlan or ipvlan network is made of. */
export interface LinkOptions {
  /** An interface of this machine; undefined: none, the containers see each other only. */
  parent: string | undefined;
  /** Parent that has to be made: `eth0.10` is VLAN 10 on eth0. */
  vlan: { link: string; id: number } | undefined;
  mode: string;
}

const MACVLAN_MODES = ['private', 'vepa', 'bridge', 'passthru'];
const IPVLAN_MODES = ['l2', 'l3', 'l3s'];
const IPVLAN_FLAGS = ['bridge', 'private', 'vepa'];

/** Pure. @param exists whether the machine has an interface of that name @throws InvalidArgumentError in dockerd's words */
export function parseLinkOptions(driver: 'macvlan' | 'ipvlan', options: Readonly<Record<string, string>>, exists: (name: string) => boolean): LinkOptions {
  const parent = options['parent'] ?? '';
  const modes = driver === 'macvlan' ? MACVLAN_MODES : IPVLAN_MODES;
  const fallback = driver === 'macvlan' ? 'bridge' : 'l2';
  const given = options[`${driver}_mode`] ?? '';
  const mode = given === '' ? fallback : given;
  if (!modes.includes(mode)) throw new InvalidArgumentError(`requested ${driver} mode '${mode}' is not valid, '${fallback}' mode is the ${driver} driver default`);
  const flag = options['ipvlan_flag'] ?? '';
  if (driver === 'ipvlan' && flag !== '' && !IPVLAN_FLAGS.includes(flag)) throw new InvalidArgumentError(`requested ipvlan flag '${flag}' is not valid, 'bridge' flag is the ipvlan driver default`);
  if (parent === '') return { parent: undefined, vlan: undefined, mode };
  if (parent === 'lo') throw new InvalidArgumentError(`loopback interface is not a valid ${driver} parent link`);
  if (exists(parent)) return { parent, vlan: undefined, mode };
  const [, link = '', id = ''] = /^(.+)\.(\d+)$/.exec(parent) ?? [];
  if (link === '') throw new InvalidArgumentError(`invalid subinterface vlan name ${parent}, example formatting is eth0.10`);
  if (Number(id) < 1 || Number(id) > 4094) throw new InvalidArgumentError(`vlan id must be between 1-4094, received: ${id}`);
  if (!exists(link)) throw new InvalidArgumentError(`failed to create VLAN sub-interface ${parent}: no interface ${link} on this machine`);
  return { parent, vlan: { link, id: Number(id) }, mode };
}
