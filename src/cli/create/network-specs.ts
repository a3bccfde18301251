import type { EndpointSettings } from '../../api/wire/container.ts';
import { keyValues } from './key-values.ts';
import { csvFields } from './mount-specs.ts';

export interface NetworkFlags {
  network: readonly string[];
  'network-alias': readonly string[];
  ip: string | undefined;
  ip6: string | undefined;
  link: readonly string[];
  'mac-address': string | undefined;
}

/**
 * `--network NAME`, or `--network name=NAME,alias=A,ip=…`, several times; the options beside it belong to the first.
 * @returns the network mode, and the endpoints where there is something to say of them.
 * @throws Error
 */
export function parseNetworks(flags: NetworkFlags): { mode: string; endpoints: Record<string, EndpointSettings> } {
  const endpoints: Record<string, EndpointSettings> = {};
  const names = flags.network.map((spec) => {
    const { name, settings } = parseNetwork(spec);
    if (Object.hasOwn(endpoints, name)) throw new Error(`network ${JSON.stringify(name)} is specified multiple times`);
    endpoints[name] = settings;
    return name;
  });
  const mode = names[0] ?? 'default';
  const first = endpoints[mode] ?? {};
  if (flags['network-alias'].length > 0) first.Aliases = [...first.Aliases ?? [], ...flags['network-alias']];
  if (flags.ip !== undefined || flags.ip6 !== undefined) {
    first.IPAMConfig = { ...first.IPAMConfig, ...(flags.ip === undefined ? {} : { IPv4Address: flags.ip }), ...(flags.ip6 === undefined ? {} : { IPv6Address: flags.ip6 }) };
  }
  if (flags['mac-address'] !== undefined) first.MacAddress = flags['mac-address'];
  if (flags.link.length > 0 && mode !== 'default' && mode !== 'bridge') first.Links = [...flags.link];
  // A lone network without options needs no endpoint: the mode says it.
  if (names.length <= 1 && Object.keys(first).length === 0) return { mode, endpoints: {} };
  return { mode, endpoints: { ...endpoints, [mode]: first } };
}

function parseNetwork(spec: string): { name: string; settings: EndpointSettings } {
  if (!spec.includes('=')) return { name: spec, settings: {} };
  const settings: EndpointSettings = {};
  let name = '';
  for (const field of csvFields(spec)) {
    const equals = field.indexOf('=');
    const [key, value] = [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1)];
    if (equals < 0) throw new Error(`invalid field ${field}`);
    switch (key) {
      case 'name': name = value; break;
      case 'alias': settings.Aliases = [...settings.Aliases ?? [], value]; break;
      case 'ip': settings.IPAMConfig = { ...settings.IPAMConfig, IPv4Address: value }; break;
      case 'ip6': settings.IPAMConfig = { ...settings.IPAMConfig, IPv6Address: value }; break;
      case 'mac-address': settings.MacAddress = value; break;
      case 'driver-opt': settings.DriverOpts = { ...settings.DriverOpts, ...keyValues([value]) }; break;
      default: throw new Error(`invalid field key ${key}`);
    }
  }
  if (name === '') throw new Error('network name or id is not specified');
  return { name, settings };
}
