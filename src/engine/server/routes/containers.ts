import { InvalidArgumentError, NotImplementedError } from '../../../api/errors.ts';
import type { ContainerWaitResponse, WaitCondition } from '../../../api/wire/container.ts';
import { CONTAINER_FILTERS, selectContainers } from '../../containers/container-filter.ts';
import type { ContainerCreator } from '../../containers/container-creator.ts';
import type { ContainerRegistry } from '../../containers/container-registry.ts';
import type { ContainerUpdater } from '../../containers/container-updater.ts';
import type { ContainerRemover } from '../../containers/container-remover.ts';
import type { Container, ContainerExit } from '../../containers/container.ts';
import type { Controls, StopOptions } from '../../containers/controls.ts';
import { parseDetachKeys } from '../../containers/detach-keys.ts';
import type { Execs } from '../../containers/execs.ts';
import type { Lifecycle } from '../../containers/lifecycle.ts';
import { linkNames, removeLink } from '../../containers/links.ts';
import { listProcesses } from '../../containers/processes.ts';
import { parseSignal } from '../../containers/signals.ts';
import { pruneContainers } from '../../containers/prune.ts';
import { writableBytes } from '../../containers/writable-size.ts';
import type { EventBus } from '../../events/event-bus.ts';
import type { ImageSource } from '../../images/image.ts';
import type { Snapshotter } from '../../snapshots/snapshotter.ts';
import { isAtLeast } from '../api-version.ts';
import { parseFilters } from '../../filters.ts';
import { queryBoolean, queryInteger } from '../query.ts';
import type { Route, RouteContext } from '../route.ts';
import { decodeCreateRequest, decodeUpdateRequest } from './container-request.ts';
import { inspectContainer, summarizeContainer } from './container-wire.ts';

export interface ContainerRouteServices {
  registry: ContainerRegistry;
  creator: ContainerCreator;
  lifecycle: Lifecycle;
  controls: Controls;
  remover: ContainerRemover;
  updater: ContainerUpdater;
  execs: Execs;
  images: ImageSource;
  snapshotter: Snapshotter;
  events: EventBus;
  architecture: string;
}

export function containerRoutes(services: ContainerRouteServices): Route[] {
  const { registry, creator, lifecycle, controls, remover, execs } = services;
  const named = (context: RouteContext): Container => registry.get(context.params['id'] ?? '');
  return [
    { method: 'GET', path: '/containers/json', handler: (context) => list(services, context) },
    {
      method: 'POST', path: '/containers/create',
      handler: async (context) => {
        const name = context.query.get('name')?.replace(/^\//, '') ?? '';
        const platform = isAtLeast(context.version, 1, 41) ? (context.query.get('platform') ?? '') : '';
        const request = decodeCreateRequest(await context.readJson());
        const { record, warnings } = await creator.create({ ...request, name: name === '' ? undefined : name, ...(platform === '' ? {} : { platform }) });
        context.json(201, { Id: record.id, Warnings: warnings });
      },
    },
    { method: 'GET', path: '/containers/{id}/json', handler: async (context) => { await inspect(services, named(context), context); } },
    {
      method: 'GET', path: '/containers/{id}/top',
      handler: async (context) => {
        const { titles, processes } = await listProcesses(named(context), context.query.get('ps_args') ?? '', services.events);
        context.json(200, { Titles: titles, Processes: processes });
      },
    },
    {
      method: 'POST', path: '/containers/{id}/start',
      handler: async (context) => {
        refuseBody(context);
        const container = named(context);
        parseDetachKeys(context.query.get('detachKeys') ?? '');
        if (context.query.has('checkpoint')) throw new NotImplementedError('checkpoints are not implemented');
        await lifecycle.start(container);
        context.empty(204);
      },
    },
    {
      method: 'POST', path: '/containers/{id}/stop',
      handler: async (context) => {
        await controls.stop(named(context), stopOptions(context));
        context.empty(204);
      },
    },
    {
      method: 'POST', path: '/containers/{id}/restart',
      handler: async (context) => {
        await controls.restart(named(context), stopOptions(context));
        context.empty(204);
      },
    },
    {
      method: 'POST', path: '/containers/{id}/kill',
      handler: async (context) => {
        const signal = context.query.get('signal') ?? '';
        // A signal that there is not is refused before anybody is looked for.
        if (signal !== '') parseSignal(signal);
        await controls.kill(named(context), signal);
        context.empty(204);
      },
    },
    { method: 'POST', path: '/containers/{id}/pause', handler: async (context) => { await controls.pause(named(context)); context.empty(204); } },
    { method: 'POST', path: '/containers/{id}/unpause', handler: async (context) => { await controls.unpause(named(context)); context.empty(204); } },
    {
      method: 'POST', path: '/containers/{id}/rename',
      handler: async (context) => {
        const wanted = context.query.get('name') ?? '';
        if (wanted === '') throw new InvalidArgumentError('neither old nor new names may be empty');
        await controls.rename(named(context), wanted);
        context.empty(204);
      },
    },
    {
      method: 'POST', path: '/containers/{id}/resize',
      handler: async (context) => {
        const { columns, rows } = sizeOf(context);
        await controls.resize(named(context), columns, rows);
        context.empty(200);
      },
    },
    { method: 'POST', path: '/containers/{id}/wait', handler: (context) => wait(named(context), context) },
    {
      method: 'DELETE', path: '/containers/{id*}',
      handler: async (context) => {
        if (queryBoolean(context.query, 'link')) {
          removeLink(registry, context.params['id'] ?? '');
          context.empty(204);
          return;
        }
        const options = { force: queryBoolean(context.query, 'force'), volumes: queryBoolean(context.query, 'v') };
        await remover.remove(named(context), options, (container) => controls.kill(container, 'KILL'));
        context.empty(204);
      },
    },
    {
      method: 'POST', path: '/containers/prune',
      handler: async (context) => {
        const filters = parseFilters(context.query, ['label', 'label!', 'until']);
        const { ids, bytes } = await pruneContainers({ registry, remover, snapshotter: services.snapshotter, events: services.events, filters, now: Date.now() });
        context.json(200, { ContainersDeleted: ids.length === 0 ? null : ids, SpaceReclaimed: bytes });
      },
    },
    {
      method: 'POST', path: '/containers/{id}/update',
      handler: async (context) => {
        const change = decodeUpdateRequest(await context.readJson());
        const warnings = await services.updater.update(named(context), change);
        context.json(200, { Warnings: warnings.length === 0 ? null : warnings });
      },
    },
  ];

  async function inspect(from: ContainerRouteServices, container: Container, context: RouteContext): Promise<void> {
    const size = queryBoolean(context.query, 'size') ? await sizes(from, container) : undefined;
    context.json(200, inspectContainer(container, {
      version: context.version, registry, storageDriver: from.snapshotter.name, execIds: execs.idsOf(container), architecture: from.architecture, ...(size ? { size } : {}),
    }));
  }
}

/** A start once took a host configuration; who still sends one is not to believe that it counts. Shorter ones say nothing. */
function refuseBody({ headers }: RouteContext): void {
  if (Number(headers['content-length'] ?? 0) <= 7 && headers['transfer-encoding'] === undefined) return;
  throw new InvalidArgumentError('starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24');
}

/** `h` and `w`. @throws InvalidArgumentError */
export function sizeOf(context: RouteContext): { columns: number; rows: number } {
  const rows = queryInteger(context.query, 'h');
  const columns = queryInteger(context.query, 'w');
  if (rows === undefined || columns === undefined || rows < 0 || columns < 0 || rows > 65535 || columns > 65535) throw new InvalidArgumentError('invalid resize: h and w must be whole numbers up to 65535');
  return { columns, rows };
}

function stopOptions(context: RouteContext): StopOptions {
  const timeoutSeconds = queryInteger(context.query, 't');
  // Older engines did not know it, so older clients may not mean it.
  const signal = isAtLeast(context.version, 1, 42) ? (context.query.get('signal') ?? '') : '';
  return { ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }), ...(signal === '' ? {} : { signal }) };
}

async function list(services: ContainerRouteServices, context: RouteContext): Promise<void> {
  const { registry, images } = services;
  const filters = parseFilters(context.query, CONTAINER_FILTERS);
  const ancestors = await Promise.all((filters.get('ancestor') ?? []).map((name) => images.find(name).catch(() => undefined)));
  const containers = selectContainers(registry, {
    all: queryBoolean(context.query, 'all'), limit: queryInteger(context.query, 'limit') ?? 0, filters,
    ancestorIds: new Set(ancestors.flatMap((image) => image?.id ?? [])),
  });
  const withSize = queryBoolean(context.query, 'size');
  const names = new Map<string, string>();
  const now = Date.now();
  context.json(200, await Promise.all(containers.map(async (container) => {
    const size = withSize ? await sizes(services, container) : undefined;
    return summarizeContainer(container, { imageName: await imageName(images, container, names), now, version: context.version, linkNames: linkNames(container.record, registry), ...(size ? { size } : {}) });
  })));
}

/** The name that it was created by while that still leads to its image, else the image's id, as dockerd shows it. */
async function imageName(images: ImageSource, container: Container, known: Map<string, string>): Promise<string> {
  const { imageId, config } = container.record;
  const key = `${config.Image ?? ''} ${imageId}`;
  const cached = known.get(key);
  if (cached !== undefined) return cached;
  const name = config.Image ?? imageId;
  const image = await images.find(name).catch(() => undefined);
  const shown = image?.id === imageId ? name : imageId;
  known.set(key, shown);
  return shown;
}

async function sizes(services: ContainerRouteServices, container: Container): Promise<{ writable: number; total: number }> {
  const writable = await writableBytes(services.snapshotter, container.id);
  const image = await services.images.find(container.record.imageId).catch(() => undefined);
  return { writable, total: writable + (image?.sizeBytes ?? 0) };
}

/** Sends the head at once, so that the client may go on to start the container; then the exit code when the condition is met. */
async function wait(container: Container, context: RouteContext): Promise<void> {
  const condition = parseCondition(context);
  // Taken before the head is sent: what happens after it must count.
  const met = waitFor(container, condition);
  const response = context.streamHead(200, { 'content-type': 'application/json' });
  const gone = Promise.withResolvers<undefined>();
  context.signal.addEventListener('abort', () => { gone.resolve(undefined); }, { once: true });
  const exit = await Promise.race([met, gone.promise]);
  if (!exit) return;
  // As in dockerd, a start that failed is told by the start, not here.
  const body: ContainerWaitResponse = isAtLeast(context.version, 1, 42) ? { StatusCode: exit.exitCode } : { Error: null, StatusCode: exit.exitCode };
  response.end(`${JSON.stringify(body)}\n`);
}

function parseCondition(context: RouteContext): WaitCondition {
  const text = context.query.get('condition') ?? '';
  if (text === '' || !isAtLeast(context.version, 1, 30)) return 'not-running';
  const found = (['not-running', 'next-exit', 'removed'] as const).find((candidate) => candidate === text);
  if (!found) throw new InvalidArgumentError(`invalid condition: "${text}"`);
  return found;
}

function waitFor(container: Container, condition: WaitCondition): Promise<ContainerExit> {
  if (condition === 'removed') return container.removed;
  const { state } = container.record;
  if (condition === 'next-exit' || container.running || state.phase === 'restarting') return container.nextExit;
  return Promise.resolve({ exitCode: state.exitCode });
}
