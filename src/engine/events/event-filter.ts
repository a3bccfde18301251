import type { FilterValues } from '../filters.ts';
import { matchesAny, matchesLabels } from '../filters.ts';
import type { EngineEvent } from './event-bus.ts';

export const EVENT_FILTERS = ['type', 'event', 'container', 'image', 'network', 'volume', 'daemon', 'plugin', 'service', 'node', 'secret', 'config', 'label', 'scope'];

/** Actions that carry text after their name (`exec_start: sh`) match by their first word. */
const WITH_TEXT = ['exec_create', 'exec_start', 'health_status'];

/** Docker's rules for the filters of `GET /events`. Pure. */
export function matchesEvent(filters: FilterValues, event: EngineEvent): boolean {
  const is = (type: EngineEvent['type']) => (wanted: string): boolean => event.type === type && isNamed(event, wanted);
  return matchesAny(filters, 'type', (wanted) => event.type === wanted)
    && matchesAny(filters, 'event', (wanted) => event.action === wanted || (WITH_TEXT.includes(wanted) && event.action.startsWith(wanted)))
    && matchesAny(filters, 'scope', (wanted) => wanted === 'local')
    && matchesAny(filters, 'container', is('container'))
    && matchesAny(filters, 'network', is('network'))
    && matchesAny(filters, 'volume', is('volume'))
    && matchesAny(filters, 'daemon', is('daemon'))
    && matchesAny(filters, 'image', (wanted) => matchesImage(event, wanted))
    && ['plugin', 'service', 'node', 'secret', 'config'].every((key) => !filters.has(key))
    && matchesLabels(filters, event.attributes);
}

/** A beginning of the name or of the id is enough, as in dockerd. */
function isNamed(event: EngineEvent, wanted: string): boolean {
  return wanted !== '' && (event.attributes['name']?.startsWith(wanted) === true || event.id.startsWith(wanted));
}

function matchesImage(event: EngineEvent, wanted: string): boolean {
  const image = event.type === 'image' ? (event.attributes['name'] ?? event.id) : event.type === 'container' ? event.attributes['image'] : undefined;
  if (image === undefined) return false;
  return image === wanted || withoutTag(image) === wanted || (event.type === 'image' && event.id === wanted);
}

function withoutTag(reference: string): string {
  return reference.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}
