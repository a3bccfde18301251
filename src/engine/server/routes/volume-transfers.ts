import { pipeline } from 'node:stream/promises';
import { InvalidArgumentError } from '../../../api/errors.ts';
import type { Volumes } from '../../volumes/volumes.ts';
import type { VolumeTransfers } from '../../volumes/volume-transfers.ts';
import type { Route, RouteContext } from '../route.ts';
import { bodyOf } from './container-files.ts';
import { wireVolume } from './volumes.ts';

/** Data of volumes: copied, out, in. */
export function volumeTransferRoutes({ volumes, transfers }: { volumes: Volumes; transfers: VolumeTransfers }): Route[] {
  const named = (context: RouteContext): string => context.params['name'] ?? '';
  return [
    {
      method: 'POST', path: '/strata/volumes/{name}/clone',
      handler: async (context) => {
        const to = context.query.get('to') ?? '';
        if (to === '') throw new InvalidArgumentError('the query parameter to must name the new volume');
        const volume = await transfers.clone(named(context), to, context.signal);
        context.json(201, wireVolume(volume, volumes.path(volume.name)));
      },
    },
    {
      method: 'GET', path: '/strata/volumes/{name}/export',
      handler: async (context) => {
        const bytes = await transfers.export(named(context));
        await pipeline(bytes, context.streamHead(200, { 'content-type': 'application/x-tar' }));
      },
    },
    {
      method: 'POST', path: '/strata/volumes/{name}/import',
      handler: async (context) => {
        try {
          const volume = await transfers.import(named(context), bodyOf(context));
          context.json(200, wireVolume(volume, volumes.path(volume.name)));
        } finally {
          // A client that still writes must not hang.
          context.body.resume();
        }
      },
    },
  ];
}
