import { NotFoundError } from '../../../api/errors.ts';
import type { VolumeRecord } from '../../volumes/volume-record.ts';
import type { Volumes } from '../../volumes/volumes.ts';
import type { EventBus } from '../../events/event-bus.ts';
import { decodeObject } from '../decode.ts';
import { filterBoolean, matchesAny, matchesLabels, parseFilters } from '../../filters.ts';
import { isAtLeast } from '../api-version.ts';
import { queryBoolean } from '../query.ts';
import type { Route } from '../route.ts';

export function volumeRoutes({ volumes, events }: { volumes: Volumes; events: EventBus }): Route[] {
  const wire = (volume: VolumeRecord): Record<string, unknown> => wireVolume(volume, volumes.path(volume.name));
  return [
    {
      method: 'GET', path: '/volumes',
      handler: (context) => {
        const filters = parseFilters(context.query, ['dangling', 'name', 'driver', 'label']);
        const dangling = filterBoolean(filters, 'dangling');
        const selected = volumes.list().filter((volume) => matchesAny(filters, 'name', (wanted) => volume.name.includes(wanted))
          && matchesAny(filters, 'driver', (wanted) => volume.driver === wanted) && matchesLabels(filters, volume.labels)
          && (dangling === undefined || dangling !== volumes.isUsed(volume.name)));
        context.json(200, { Volumes: selected.map(wire), Warnings: null });
      },
    },
    {
      method: 'POST', path: '/volumes/create',
      handler: async (context) => {
        const body = decodeObject<{ Name?: string; Driver?: string; DriverOpts?: Record<string, string>; Labels?: Record<string, string> }>(
          await context.readJson(), { Name: 'string', Driver: 'string', DriverOpts: 'string-map', Labels: 'string-map' });
        if (body.Driver !== undefined && body.Driver !== '' && body.Driver !== 'local') throw new NotFoundError(`create ${body.Name ?? ''}: error looking up volume plugin ${body.Driver}: plugin "${body.Driver}" not found`);
        const { volume } = await volumes.create({ ...(body.Name ? { name: body.Name } : {}), options: body.DriverOpts ?? {}, labels: body.Labels ?? {} });
        context.json(201, wire(volume));
      },
    },
    { method: 'GET', path: '/volumes/{name}', handler: (context) => { context.json(200, wire(volumes.get(context.params['name'] ?? ''))); } },
    {
      method: 'DELETE', path: '/volumes/{name}',
      handler: async (context) => {
        const name = context.params['name'] ?? '';
        const force = queryBoolean(context.query, 'force');
        if (!force || volumes.list().some((volume) => volume.name === name)) await volumes.delete(name);
        context.empty(204);
      },
    },
    {
      method: 'POST', path: '/volumes/prune',
      handler: async (context) => {
        const filters = parseFilters(context.query, ['label', 'label!', 'all']);
        // Since 1.42 only anonymous volumes go unless all are asked for.
        const all = filterBoolean(filters, 'all') === true || !isAtLeast(context.version, 1, 42);
        const unused = volumes.list().filter((volume) => (all || volume.anonymous) && !volumes.isUsed(volume.name) && matchesLabels(filters, volume.labels));
        let bytes = 0;
        for (const volume of unused) {
          bytes += await volumes.usage(volume.name) ?? 0;
          await volumes.delete(volume.name);
        }
        events.publishPrune('volume', bytes);
        context.json(200, { VolumesDeleted: unused.length === 0 ? null : unused.map((volume) => volume.name), SpaceReclaimed: bytes });
      },
    },
  ];
}

export function wireVolume(volume: VolumeRecord, path: string): Record<string, unknown> {
  return {
    CreatedAt: new Date(volume.createdAt).toISOString(), Driver: volume.driver, Labels: volume.anonymous ? { 'com.docker.volume.anonymous': '', ...volume.labels } : volume.labels,
    Mountpoint: path, Name: volume.name, Options: Object.keys(volume.options).length === 0 ? null : volume.options, Scope: 'local',
  };
}
