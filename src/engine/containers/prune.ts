import { InvalidArgumentError } from '../../api/errors.ts';
import { type FilterValues, matchesLabels } from '../filters.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { ContainerRemover } from './container-remover.ts';
import { snapshotKey } from './rootfs.ts';

/** Removes the containers that do not run and match. @returns their ids and the bytes that came back */
export async function pruneContainers(options: { registry: ContainerRegistry; remover: ContainerRemover; snapshotter: Snapshotter; events: EventBus; filters: FilterValues; now: number }): Promise<{ ids: string[]; bytes: number }> {
  const until = parseUntil(options.filters, options.now);
  const ids: string[] = [];
  let bytes = 0;
  for (const container of options.registry.list()) {
    const { record } = container;
    if (container.running || container.removing || record.state.phase === 'restarting') continue;
    if (record.createdAt >= until || !matchesLabels(options.filters, record.config.Labels ?? {})) continue;
    const usage = await options.snapshotter.usage(snapshotKey(container.id)).catch(() => ({ bytes: 0 }));
    await options.remover.remove(container, { force: false, volumes: false }, () => Promise.resolve());
    ids.push(container.id);
    bytes += usage.bytes;
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
  const ages = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)];
  if (ages.length > 0 && ages.map((match) => match[0]).join('') === text) {
    const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
    return now - ages.reduce((sum, match) => sum + Number(match[1]) * (units[match[2] ?? ''] ?? 0), 0);
  }
  const moment = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isNaN(moment)) throw new InvalidArgumentError(`invalid filter 'until=${text}'`);
  return moment;
}
