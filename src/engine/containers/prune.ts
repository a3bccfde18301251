import { InvalidArgumentError } from '../../api/errors.ts';
import { type FilterValues, matchesLabels } from '../filters.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { ContainerRemover } from './container-remover.ts';
import { writableBytes } from './writable-size.ts';

/** Removes the containers that do not run and match. @returns their ids and the bytes that came back */
export async function pruneContainers(options: { registry: ContainerRegistry; remover: ContainerRemover; snapshotter: Snapshotter; events: EventBus; filters: FilterValues; now: number }): Promise<{ ids: string[]; bytes: number }> {
  const until = parseUntil(options.filters, options.now);
  const ids: string[] = [];
  let bytes = 0;
  for (const container of options.registry.list()) {
    const { record } = container;
    if (container.running || container.removing || record.state.phase === 'restarting') continue;
    if (record.createdAt >= until || !matchesLabels(options.filters, record.config.Labels ?? {})) continue;
    const size = await writableBytes(options.snapshotter, container.id);
    await options.remover.remove(container, { force: false, volumes: false }, () => Promise.resolve());
    ids.push(container.id);
    bytes += size;
  }
  options.events.publishPrune('container', bytes);
  return { ids, bytes };
}

/** `until`: a moment, or an age such as `24h`. @returns milliseconds since the epoch @throws InvalidArgumentError */
export function parseUntil(filters: FilterValues, now: number): number {
  const values = filters.get('until');
  if (values === undefined) return Infinity;
  const [text = ''] = values;
  if (values.length > 1) throw new InvalidArgumentError('more than one until filter specified');
  const ms = durationMs(text);
  if (ms !== undefined) return now - ms;
  const moment = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : /^\d{4}-\d\d-\d\d(T|$)/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(moment)) throw new InvalidArgumentError(`invalid filter 'until=${text}'`);
  return moment;
}

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3, µs: 1e-3, ns: 1e-6 };

/** A duration as Go spells it: `1h30m`, `-2.5s`. Undefined for what is none. */
function durationMs(text: string): number | undefined {
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  const parts = [...rest.matchAll(/(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== rest) return undefined;
  return (sign === '-' ? -1 : 1) * parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * (UNIT_MS[unit] ?? 0), 0);
}
