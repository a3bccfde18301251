import { InvalidArgumentError, UnavailableError } from '../../../api/errors.ts';
import type { EventMessage } from '../../../api/wire/system.ts';
import type { EventBus, TimedEvent } from '../../events/event-bus.ts';
import { EVENT_FILTERS, matchesEvent } from '../../events/event-filter.ts';
import { parseFilters } from '../../filters.ts';
import { type ApiVersion, isAtLeast } from '../api-version.ts';
import { negotiateType } from '../content-type.ts';
import { queryTime } from '../query.ts';
import type { Route, RouteContext } from '../route.ts';
import { writeAll } from './container-streams.ts';

/** A client that is this many events behind does not read: it is let go, so that it knows that it has missed some. */
const QUEUE_LIMIT = 4096;
/** RFC 7464 §2.2. */
const RECORD_SEPARATOR = '\u001e';
/** setTimeout takes no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function eventRoutes({ events }: { events: EventBus }): Route[] {
  return [{ method: 'GET', path: '/events', handler: (context) => streamEvents(events, context) }];
}

async function streamEvents(events: EventBus, context: RouteContext): Promise<void> {
  const { query, signal } = context;
  const [sinceNs, untilNs] = [queryTime(query, 'since'), queryTime(query, 'until')];
  if (sinceNs !== undefined && untilNs !== undefined && sinceNs > untilNs) throw new InvalidArgumentError(`since time (${query.get('since') ?? ''}) cannot be after until time (${query.get('until') ?? ''})`);
  const filters = parseFilters(query, EVENT_FILTERS);
  const format = eventFormat(context);
  const queue: TimedEvent[] = [];
  let wake = (): void => undefined;
  const over = new AbortController();
  over.signal.addEventListener('abort', () => { wake(); });
  const end = (): void => { over.abort(); };
  const stop = events.subscribe((event) => {
    if (matchesEvent(filters, event)) queue.push(event);
    if (queue.length > QUEUE_LIMIT) {
      queue.length = 0;
      context.abandon();
      over.abort(new UnavailableError(`a listener did not read ${String(QUEUE_LIMIT)} events and was let go`));
    }
    wake();
  });
  const timer = untilNs === undefined ? undefined : setTimeout(end, Math.min(Math.max(0, Number(untilNs / 1_000_000n) - Date.now()), LONGEST_TIMER_MS));
  signal.addEventListener('abort', end);
  try {
    const response = context.streamHead(200, { 'content-type': format.type });
    if (sinceNs !== undefined || untilNs !== undefined) queue.unshift(...events.past({ sinceNs, untilNs }).filter((event) => matchesEvent(filters, event)));
    for (;;) {
      for (let event = queue.shift(); event && !signal.aborted; event = queue.shift()) {
        await writeAll(response, format.prefix + JSON.stringify(wireEvent(event, context.version)) + '\n', signal);
      }
      if (over.signal.reason instanceof UnavailableError) throw over.signal.reason;
      if (over.signal.aborted || signal.aborted) break;
      if (queue.length === 0) await new Promise<void>((resolve) => { wake = resolve; });
    }
    response.end();
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    stop();
  }
}

/** Since API 1.52 the client chooses how records are told apart; before, they came one per line as `application/json`. */
function eventFormat(context: RouteContext): { type: string; prefix: string } {
  if (!isAtLeast(context.version, 1, 52)) return { type: 'application/json', prefix: '' };
  const type = negotiateType(context.headers.accept, ['application/jsonl', 'application/x-ndjson', 'application/json-seq']);
  return { type, prefix: type === 'application/json-seq' ? RECORD_SEPARATOR : '' };
}

/** Docker's spelling of an event. Attributes are in the order of their names, as Go writes maps. Pure. */
function wireEvent(event: TimedEvent, apiVersion: ApiVersion): EventMessage {
  const { type, action, id, timeNs } = event;
  const attributes = Object.fromEntries(Object.entries(event.attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
  const image = type === 'container' ? attributes['image'] : undefined;
  const legacy = isAtLeast(apiVersion, 1, 52) || (type !== 'container' && type !== 'image') ? {} : { status: action, id, ...(image === undefined ? {} : { from: image }) };
  return { ...legacy, Type: type, Action: action, Actor: { ID: id, Attributes: attributes }, scope: 'local', time: Number(timeNs / 1_000_000_000n), timeNano: Number(timeNs) };
}
