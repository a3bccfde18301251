import type { EventBus } from '../events/event-bus.ts';
import type { ContainerRecord } from './container-record.ts';

/** Announces what has happened to a container, with docker's attributes: its labels, its image, its name. */
export function announce(events: EventBus, record: ContainerRecord, action: string, attributes: Readonly<Record<string, string>> = {}): void {
  events.publish({
    type: 'container', action, id: record.id,
    attributes: { ...record.config.Labels, ...attributes, image: record.config.Image ?? '', name: record.name },
  });
}
