import { InvalidArgumentError } from '../../api/errors.ts';
import { type FilterValues, filterBoolean, matchesAny, matchesLabels } from '../filters.ts';
import { livePorts } from './container-ports.ts';
import type { ContainerRecord } from './container-record.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { Container } from './container.ts';
import { matchPatterns } from './name-pattern.ts';
import { isRunning, type ContainerPhase } from './state.ts';

export const CONTAINER_FILTERS = ['ancestor', 'before', 'exited', 'id', 'isolation', 'label', 'name', 'status', 'health', 'since', 'volume', 'network', 'is-task', 'publish', 'expose'];
const HEALTHS = ['none', 'starting', 'healthy', 'unhealthy'];
const STATUSES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

export interface ListOptions {
  all: boolean;
  /** The newest so many, running or not; 0 or less: no limit. */
  limit: number;
  filters: FilterValues;
  /** Ids of the images that `ancestor` names. */
  ancestorIds: ReadonlySet<string>;
}

/**
 * The containers of `docker ps`, newest first.
 * @throws InvalidArgumentError for a bad filter value, NotFoundError for a `before` or `since` that names nobody
 */
export function selectContainers(registry: ContainerRegistry, options: ListOptions): Container[] {
  const { filters } = options;
  checkValues(filters);
  const ports = { publish: portRanges(filters, 'publish'), expose: portRanges(filters, 'expose') };
  const newestFirst = [...registry.list()].reverse();
  const place = (key: 'before' | 'since'): number | undefined => (filters.get(key) ?? []).map((value) => newestFirst.indexOf(registry.get(value))).at(-1);
  const [after = -1, until = newestFirst.length] = [place('before'), place('since')];
  const named = matchNames(newestFirst, filters.get('name'));
  const ids = matchIds(newestFirst, filters.get('id'));
  const statuses = filters.get('status');
  const exitCodes = filters.get('exited')?.map(Number);
  const showAll = options.all || options.limit > 0 || statuses !== undefined;
  const selected = newestFirst.filter((container, index) => {
    const { record } = container;
    const status: ContainerPhase | 'removing' = container.removing && !container.running ? 'removing' : record.state.phase;
    return (showAll || isRunning(record.state))
      && index > after && index < until
      && named.has(container) && ids.has(container)
      && (statuses === undefined || statuses.includes(status))
      && (exitCodes === undefined || (record.state.finishedAt > 0 && !isRunning(record.state) && exitCodes.includes(record.state.exitCode)))
      && matchesAny(filters, 'health', (wanted) => wanted === (record.health?.status ?? 'none'))
      && matchesAny(filters, 'volume', (wanted) => record.mounts.some((mount) => (mount.name ?? mount.source) === wanted || mount.destination === wanted))
      && matchesAny(filters, 'network', (wanted) => isInNetwork(container, wanted))
      && hasPort(record, ports)
      && filterBoolean(filters, 'is-task') !== true
      && (!filters.has('ancestor') || options.ancestorIds.has(record.imageId))
      && matchesLabels(filters, record.config.Labels ?? {});
  });
  return options.limit > 0 ? selected.slice(0, options.limit) : selected;
}

function checkValues(filters: FilterValues): void {
  for (const status of filters.get('status') ?? []) {
    if (!STATUSES.includes(status)) throw new InvalidArgumentError(`invalid filter 'status=${status}'`);
  }
  for (const health of filters.get('health') ?? []) {
    if (!HEALTHS.includes(health)) throw new InvalidArgumentError(`unrecognised filter value for health: ${health}`);
  }
  for (const code of filters.get('exited') ?? []) {
    if (!/^[+-]?\d{1,9}$/.test(code)) throw new InvalidArgumentError(`invalid filter 'exited=${code}'`);
  }
}

/** With the slash that Docker puts in front of names, or without. */
function matchNames(containers: readonly Container[], patterns: readonly string[] | undefined): ReadonlySet<Container> {
  if (patterns === undefined) return new Set(containers);
  const names = matchPatterns(patterns, containers.flatMap(({ record }) => [record.name, `/${record.name}`]));
  return new Set(containers.filter(({ record }) => names.has(record.name) || names.has(`/${record.name}`)));
}

/** A beginning of the id, or an expression for some of it. */
function matchIds(containers: readonly Container[], patterns: readonly string[] | undefined): ReadonlySet<Container> {
  if (patterns === undefined) return new Set(containers);
  const ids = matchPatterns(patterns.filter((pattern) => pattern !== ''), containers.map(({ id }) => id));
  return new Set(containers.filter(({ id }) => ids.has(id)));
}

function isInNetwork({ record }: Container, wanted: string): boolean {
  return wanted === '' || (record.hostConfig.NetworkMode ?? 'bridge') === wanted || Object.hasOwn(record.networks, wanted)
    || record.endpoints.some((endpoint) => endpoint.networkName === wanted || endpoint.networkId.startsWith(wanted));
}

interface PortRange {
  first: number;
  last: number;
  protocol: string;
}

/** `80`, `80/udp`, `8000-8100/tcp`. @throws InvalidArgumentError in dockerd's words */
function portRanges(filters: FilterValues, key: 'publish' | 'expose'): PortRange[] {
  return (filters.get(key) ?? []).map((text) => {
    if (text.includes(':')) throw new InvalidArgumentError(`filter for '${key}' should not contain ':': ${text}`);
    const [range = '', protocol = ''] = text.split('/', 2);
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range);
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (!match || last > 65535 || first > last) throw new InvalidArgumentError(`error while looking up for ${key} ${text}: ${range === '' ? 'empty string specified for ports' : `invalid range specified for port: ${range}`}`);
    return { first, last, protocol: protocol === '' ? 'tcp' : protocol };
  });
}

/** Of a container that runs: a port of the host that leads to it, or a port of its own. Where both are asked for, one of them is enough. */
function hasPort(record: ContainerRecord, wanted: { publish: readonly PortRange[]; expose: readonly PortRange[] }): boolean {
  if (wanted.publish.length + wanted.expose.length === 0) return true;
  const isIn = (ranges: readonly PortRange[], port: number, type: string): boolean => ranges.some(({ first, last, protocol }) => port >= first && port <= last && protocol === type);
  return livePorts(record).some(({ PublicPort = 0, PrivatePort, Type }) => isIn(wanted.publish, PublicPort, Type) || isIn(wanted.expose, PrivatePort, Type));
}
