import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { InvalidArgumentError, NotImplementedError } from '../../../api/errors.ts';
import type { Logger } from '../../../base/log.ts';
import { attachClient } from '../../containers/attachments.ts';
import type { ContainerRegistry } from '../../containers/container-registry.ts';
import type { Container } from '../../containers/container.ts';
import { parseDetachKeys } from '../../containers/detach-keys.ts';
import { logDetails, logSource } from '../../containers/container-log.ts';
import type { LogDrivers } from '../../logs/log-drivers.ts';
import { LogEncoder } from '../../logs/log-encoder.ts';
import { readLog } from '../../logs/log-reader.ts';
import type { EventBus } from '../../events/event-bus.ts';
import type { AttachOptions } from '../../runtime/runtime.ts';
import { isAtLeast } from '../api-version.ts';
import { queryBoolean, queryTime } from '../query.ts';
import type { Route, RouteContext } from '../route.ts';
import { BARE_HIJACK_HEADER } from '../bare-hijack.ts';

export const RAW_STREAM = 'application/vnd.docker.raw-stream';
const MULTIPLEXED_STREAM = 'application/vnd.docker.multiplexed-stream';

export interface StreamRouteServices {
  registry: ContainerRegistry;
  events: EventBus;
  log: Logger;
  logDrivers: LogDrivers;
}

/** Attach and logs: what streams out of containers. */
export function containerStreamRoutes(services: StreamRouteServices): Route[] {
  const { registry } = services;
  return [
    { method: 'POST', path: '/containers/{id}/attach', handler: (context) => attach(services, registry.get(context.params['id'] ?? ''), context) },
    { method: 'GET', path: '/containers/{id}/attach/ws', handler: (context) => attachWebSocket(services, registry.get(context.params['id'] ?? ''), context) },
    { method: 'GET', path: '/containers/{id}/logs', handler: (context) => logs(services, registry.get(context.params['id'] ?? ''), context) },
  ];
}

/** Clients since API 1.42 are told by the type whether output is multiplexed; older ones know it from the container. */
export function streamType(context: RouteContext, tty: boolean): string {
  const bare = context.headers[BARE_HIJACK_HEADER] !== undefined;
  return !tty && !bare && isAtLeast(context.version, 1, 42) ? MULTIPLEXED_STREAM : RAW_STREAM;
}

async function attach(services: StreamRouteServices, container: Container, context: RouteContext): Promise<void> {
  const { query } = context;
  const tty = container.record.config.Tty === true;
  const wanted = { stdin: queryBoolean(query, 'stdin'), stdout: queryBoolean(query, 'stdout'), stderr: queryBoolean(query, 'stderr') };
  await serveAttach(services, container, { context, wanted, open: () => context.hijack(streamType(context, tty)) });
}

async function attachWebSocket(services: StreamRouteServices, container: Container, context: RouteContext): Promise<void> {
  const { query, version } = context;
  // Until API 1.42 it was always all three streams, until 1.28 it was text.
  const chooses = isAtLeast(version, 1, 42);
  const wants = (stream: string): boolean => !chooses || queryBoolean(query, stream);
  await serveAttach(services, container, {
    context, wanted: { stdin: wants('stdin'), stdout: wants('stdout'), stderr: wants('stderr') },
    open: () => context.webSocket({ messages: isAtLeast(version, 1, 28) ? 'binary' : 'text', multiplexed: container.record.config.Tty !== true }),
  });
}

async function serveAttach(services: StreamRouteServices, container: Container, request: { context: RouteContext; wanted: AttachOptions; open: () => Duplex }): Promise<void> {
  const { context, wanted } = request;
  const detachKeys = parseDetachKeys(context.query.get('detachKeys') ?? '');
  let client: Duplex | undefined;
  const open = (): Duplex => (client ??= request.open());
  const source = queryBoolean(context.query, 'logs') ? logSource(container, services.logDrivers) : undefined;
  if (source) {
    const encoder = new LogEncoder({ multiplexed: container.record.config.Tty !== true, timestamps: false });
    const target = open();
    for await (const records of readLog({ ...source, ...wanted, signal: context.signal, log: services.log })) {
      if (!target.write(encoder.encode(records)) && !context.signal.aborted) await once(target, 'drain', { signal: context.signal }).catch(() => undefined);
    }
  }
  if (queryBoolean(context.query, 'stream')) await attachClient(container, { ...wanted, detachKeys }, services.events, open);
  else open().end();
}

async function logs(services: StreamRouteServices, container: Container, context: RouteContext): Promise<void> {
  const { query, signal } = context;
  const [stdout, stderr] = [queryBoolean(query, 'stdout'), queryBoolean(query, 'stderr')];
  if (!stdout && !stderr) throw new InvalidArgumentError('Bad parameters: you must choose at least one stream');
  const source = logSource(container, services.logDrivers);
  if (!source) throw new NotImplementedError('configured logging driver does not support reading');
  const tty = container.record.config.Tty === true;
  const options = { sinceNs: queryTime(query, 'since'), untilNs: queryTime(query, 'until'), tail: parseTail(query.get('tail') ?? '') };
  const follow = queryBoolean(query, 'follow') && container.running ? Promise.race([container.nextExit, container.removed]) : undefined;
  const [timestamps, details] = [queryBoolean(query, 'timestamps'), queryBoolean(query, 'details')];
  const encoder = new LogEncoder({ multiplexed: !tty, timestamps, ...(details ? { details: logDetails(container, services.logDrivers) } : {}) });
  const response = context.streamHead(200, { 'content-type': streamType(context, tty) });
  for await (const records of readLog({ ...source, stdout, stderr, ...options, follow, exact: timestamps || details, signal, log: services.log })) {
    await writeAll(response, encoder.encode(records), signal);
  }
  response.end();
}

/** Anything that is no number means all, as dockerd reads it. */
function parseTail(text: string): number | undefined {
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

/** Writes with back-pressure; returns early when the client has gone. */
export async function writeAll(response: ServerResponse, bytes: Uint8Array | string, signal: AbortSignal): Promise<void> {
  if (!response.write(bytes) && !signal.aborted) await once(response, 'drain', { signal }).catch(() => undefined);
}
