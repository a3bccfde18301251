import { InvalidArgumentError, NotFoundError } from '../../api/errors.ts';
import { parsePort } from '../network/port-specs.ts';
import { type FilterValues, filterBoolean, matchesAny, matchesLabels } from '../filters.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { Container } from './container.ts';
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
  const before = moment(registry, filters, 'before') ?? Infinity;
  const since = moment(registry, filters, 'since') ?? -Infinity;
  const names = (filters.get('name') ?? []).map(namePattern);
  const statuses = filters.get('status');
  const showAll = options.all || options.limit > 0 || statuses !== undefined || filters.has('exited') || filters.has('before') || filters.has('since');
  const selected = [...registry.list()].reverse().filter((container) => {
    const { record } = container;
    const status: ContainerPhase | 'removing' = container.removing && !container.running ? 'removing' : record.state.phase;
    return (showAll || isRunning(record.state))
      && record.createdAt < before && record.createdAt > since
      && (names.length === 0 || names.some((pattern) => pattern.test(`/${record.name}`) || pattern.test(record.name)))
      && matchesAny(filters, 'id', (wanted) => record.id.startsWith(wanted))
      && (statuses === undefined || statuses.includes(status))
      && matchesAny(filters, 'exited', (code) => record.state.finishedAt > 0 && !isRunning(record.state) && String(record.state.exitCode) === code)
      && matchesAny(filters, 'health', (wanted) => wanted === (record.health?.status ?? 'none'))
      && matchesAny(filters, 'volume', (wanted) => record.mounts.some((mount) => mount.name === wanted || mount.destination === wanted))
      && matchesAny(filters, 'network', (wanted) => isInNetwork(container, wanted))
      && matchesAny(filters, 'publish', (wanted) => hasPort(Object.keys(record.hostConfig.PortBindings ?? {}), wanted))
      && matchesAny(filters, 'expose', (wanted) => hasPort(Object.keys(record.config.ExposedPorts ?? {}), wanted))
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
    if (!HEALTHS.includes(health)) throw new InvalidArgumentError(`invalid filter 'health=${health}'`);
  }
  for (const code of filters.get('exited') ?? []) {
    if (!/^-?\d+$/.test(code)) throw new InvalidArgumentError(`invalid filter 'exited=${code}'`);
  }
}

function moment(registry: ContainerRegistry, filters: FilterValues, key: 'before' | 'since'): number | undefined {
  const value = filters.get(key)?.[0];
  if (value === undefined) return undefined;
  try {
    return registry.get(value).record.createdAt;
  } catch (error) {
    if (error instanceof NotFoundError) throw new NotFoundError(`No such container: ${value}`);
    throw error;
  }
}

/** Docker reads name filters as regular expressions; one that is none is taken literally. */
function namePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  }
}

function isInNetwork({ record }: Container, wanted: string): boolean {
  return record.hostConfig.NetworkMode === wanted || Object.hasOwn(record.networks, wanted)
    || record.endpoints.some((endpoint) => endpoint.networkName === wanted || endpoint.networkId.startsWith(wanted));
}

function hasPort(ports: readonly string[], wanted: string): boolean {
  const match = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(wanted);
  if (!match) throw new InvalidArgumentError(`invalid filter port: ${wanted}`);
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return ports.map(parsePort).some(({ port, protocol }) => port >= first && port <= last && protocol === (match[3] ?? 'tcp'));
}
