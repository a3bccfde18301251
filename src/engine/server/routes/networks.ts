import { InvalidArgumentError, NotImplementedError } from '../../../api/errors.ts';
import type { EndpointSettings } from '../../../api/wire/container.ts';
import type { IpamConfig } from '../../../api/wire/network.ts';
import type { WantedEndpoint } from '../../containers/container-record.ts';
import type { NetworkChanges } from '../../containers/network-changes.ts';
import type { ContainerRegistry } from '../../containers/container-registry.ts';
import type { EventBus } from '../../events/event-bus.ts';
import { parseUntil } from '../../containers/prune.ts';
import type { NetworkRecord } from '../../network/network-record.ts';
import type { Networks } from '../../network/networks.ts';
import { decodeObject, type FieldTable } from '../decode.ts';
import { type FilterValues, filterBoolean, matchesAny, matchesLabels, parseFilters } from '../../filters.ts';
import { queryBoolean } from '../query.ts';
import type { Route } from '../route.ts';
import { decodeEndpoint, ENDPOINT } from './container-request.ts';
import { wireTime } from './container-wire.ts';

const FILTERS = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];
const create: FieldTable = {
  Name: 'string', Driver: 'string', Scope: 'string', Internal: 'boolean', Attachable: 'boolean', Ingress: 'boolean', ConfigOnly: 'boolean', EnableIPv4: 'boolean', EnableIPv6: 'boolean',
  Options: 'string-map', Labels: 'string-map',
  IPAM: { object: { Driver: 'string', Config: { list: { Subnet: 'string', IPRange: 'string', Gateway: 'string', AuxiliaryAddresses: 'string-map' } }, Options: 'string-map' } },
};
interface CreateBody {
  Name?: string; Driver?: string; Scope?: string; Internal?: boolean; Attachable?: boolean; Ingress?: boolean; ConfigOnly?: boolean; EnableIPv4?: boolean; EnableIPv6?: boolean;
  Options?: Record<string, string>; Labels?: Record<string, string>;
  IPAM?: { Driver?: string; Config?: IpamConfig[]; Options?: Record<string, string> };
}

export function networkRoutes({ networks, registry, changes, events }: { networks: Networks; registry: ContainerRegistry; changes: NetworkChanges; events: EventBus }): Route[] {
  const list = (query: URLSearchParams): NetworkRecord[] => {
    const filters = parseFilters(query, FILTERS);
    return networks.list().filter((network) => matches(filters, network, networks, registry));
  };
  const listRoute = (path: string): Route => ({ method: 'GET', path, handler: (context) => { context.json(200, list(context.query).map((network) => wireNetwork(network))); } });
  return [
    listRoute('/networks'), listRoute('/networks/'),
    {
      method: 'GET', path: '/networks/{id}',
      handler: (context) => {
        const network = networks.get(context.params['id'] ?? '');
        context.json(200, { ...wireNetwork(network), Containers: containersOf(network, registry), ...(queryBoolean(context.query, 'verbose') ? { Services: {} } : {}) });
      },
    },
    {
      method: 'POST', path: '/networks/create',
      handler: async (context) => {
        const { network, warning } = await networks.create(decodeCreate(await context.readJson()));
        context.json(201, { Id: network.id, Warning: warning });
      },
    },
    { method: 'DELETE', path: '/networks/{id}', handler: async (context) => { await networks.delete(context.params['id'] ?? ''); context.empty(204); } },
    {
      method: 'POST', path: '/networks/prune',
      handler: async (context) => {
        const filters = parseFilters(context.query, ['label', 'label!', 'until']);
        const until = parseUntil(filters, Date.now());
        const unused = networks.list().filter((network) => !networks.isDefault(network) && network.createdAt < until && matchesLabels(filters, network.labels) && !isUsed(network, registry));
        for (const network of unused) await networks.delete(network.id);
        events.publishPrune('network', 0);
        context.json(200, { NetworksDeleted: unused.length === 0 ? null : unused.map((network) => network.name) });
      },
    },
    {
      method: 'POST', path: '/networks/{id}/connect',
      handler: async (context) => {
        const { container, endpoint } = decodeConnect(await context.readJson());
        const network = networks.get(context.params['id'] ?? '');
        await changes.connect(registry.get(container), network, endpoint);
        context.empty(200);
      },
    },
    {
      method: 'POST', path: '/networks/{id}/disconnect',
      handler: async (context) => {
        const { container, force } = decodeConnect(await context.readJson());
        const network = networks.get(context.params['id'] ?? '');
        await changes.disconnect(registry.get(container), network, force);
        context.empty(200);
      },
    },
  ];
}

/** The body of connect and disconnect. @throws InvalidArgumentError */
function decodeConnect(body: unknown): { container: string; endpoint: WantedEndpoint; force: boolean } {
  const { Container: container = '', Force: force = false, EndpointConfig: endpoint } = decodeObject<{ Container?: string; Force?: boolean; EndpointConfig?: EndpointSettings }>(
    body, { Container: 'string', Force: 'boolean', EndpointConfig: { object: ENDPOINT } });
  if (container === '') throw new InvalidArgumentError('invalid name or ID supplied: ""');
  return { container, force, endpoint: decodeEndpoint(endpoint) };
}

function decodeCreate(value: unknown): Parameters<Networks['create']>[0] {
  const body = decodeObject<CreateBody>(value, create);
  if (body.Ingress === true) throw new InvalidArgumentError('ingress networks belong to swarm, which Strata does not have');
  if (body.ConfigOnly === true) throw new NotImplementedError('networks that only keep a configuration are not implemented');
  if (body.Scope !== undefined && !['', 'local'].includes(body.Scope)) throw new InvalidArgumentError(`scope ${body.Scope} belongs to swarm, which Strata does not have`);
  const driver = body.Driver ?? '';
  return {
    name: body.Name ?? '', driver: driver === '' || driver === 'default' ? 'bridge' : driver, internal: body.Internal === true, attachable: body.Attachable === true,
    labels: body.Labels ?? {}, options: body.Options ?? {}, enableIpv4: body.EnableIPv4 !== false, enableIpv6: body.EnableIPv6 === true,
    ipam: {
      driver: body.IPAM?.Driver ?? '', options: body.IPAM?.Options ?? null,
      pools: (body.IPAM?.Config ?? []).map(({ Subnet = '', IPRange, Gateway, AuxiliaryAddresses }) => ({
        subnet: Subnet, ...(IPRange ? { range: IPRange } : {}), ...(Gateway ? { gateway: Gateway } : {}), ...(AuxiliaryAddresses ? { auxiliary: AuxiliaryAddresses } : {}),
      })),
    },
  };
}

function matches(filters: FilterValues, network: NetworkRecord, networks: Networks, registry: ContainerRegistry): boolean {
  const dangling = filterBoolean(filters, 'dangling');
  for (const type of filters.get('type') ?? []) {
    if (type !== 'custom' && type !== 'builtin') throw new InvalidArgumentError(`invalid filter: 'type'='${type}'`);
  }
  return matchesAny(filters, 'driver', (wanted) => wanted === network.driver)
    && matchesAny(filters, 'id', (wanted) => network.id.startsWith(wanted))
    && matchesAny(filters, 'name', (wanted) => network.name.includes(wanted))
    && matchesAny(filters, 'scope', (wanted) => wanted === 'local')
    && matchesAny(filters, 'type', (wanted) => (wanted === 'builtin') === networks.isDefault(network))
    && (dangling === undefined || dangling === (!networks.isDefault(network) && !isUsed(network, registry)))
    && matchesLabels(filters, network.labels);
}

function isUsed(network: NetworkRecord, registry: ContainerRegistry): boolean {
  return registry.list().some(({ record }) => record.endpoints.some((endpoint) => endpoint.networkId === network.id));
}

function wireNetwork(network: NetworkRecord): Record<string, unknown> {
  return {
    Name: network.name, Id: network.id, Created: wireTime(network.createdAt), Scope: 'local', Driver: network.driver, EnableIPv4: network.enableIpv4, EnableIPv6: network.enableIpv6,
    IPAM: {
      Driver: 'default', Options: network.ipamOptions,
      Config: network.driver === 'host' || network.driver === 'null' ? null : network.pools.map(({ subnet, range, gateway, auxiliary }) => ({
        Subnet: subnet, ...(range === undefined ? {} : { IPRange: range }), ...(gateway === undefined ? {} : { Gateway: gateway }), ...(auxiliary ? { AuxiliaryAddresses: auxiliary } : {}),
      })),
    },
    Internal: network.internal, Attachable: network.attachable, Ingress: false, ConfigFrom: { Network: '' }, ConfigOnly: false, Containers: {}, Options: network.options, Labels: network.labels,
  };
}

function containersOf(network: NetworkRecord, registry: ContainerRegistry): Record<string, unknown> {
  const rows = registry.list().flatMap(({ record }) => record.endpoints.filter((endpoint) => endpoint.networkId === network.id).map((endpoint) => [record.id, {
    Name: record.name, EndpointID: endpoint.id, MacAddress: endpoint.mac ?? '', IPv4Address: withPrefix(endpoint.address, endpoint.prefix), IPv6Address: withPrefix(endpoint.address6, endpoint.prefix6),
  }] as const));
  return Object.fromEntries(rows);
}

function withPrefix(address: string | undefined, prefix: number | undefined): string {
  return address === undefined ? '' : `${address}/${String(prefix ?? 0)}`;
}
