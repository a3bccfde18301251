import type { EngineClient } from '../../api/client/engine-client.ts';
import { NotFoundError } from '../../api/errors.ts';
import { ExitError } from '../exit.ts';
import { defineCommand } from '../grammar/command.ts';
import { bool, text } from '../grammar/flag.ts';
import { objectFormat } from './format-flag.ts';
import { inspectObjects, raw } from './inspect-objects.ts';

/** In the order in which a name is looked for. */
const TYPES = ['container', 'image', 'network', 'volume'] as const;
type ObjectType = (typeof TYPES)[number];

export const inspect = defineCommand({
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  args: { min: 1 },
  flags: {
    format: objectFormat(),
    size: bool('Show sizes of containers too', { short: 's' }),
    type: text('Look only for objects of one type (container, image, network, volume)'),
  },
  examples: [["inspect -f '{{.State.Status}}' web", 'One fact of one container'], ['inspect --type image busybox', 'An image, even if a container has that name']],
  async run(cli, { flags, args }) {
    const types = flags.type === undefined ? TYPES : TYPES.filter((type) => type === flags.type);
    if (types.length === 0) throw new ExitError(1, `unknown type: ${JSON.stringify(flags.type)}: must be one of ${TYPES.map((type) => JSON.stringify(type)).join(', ')}`);
    return inspectObjects(cli, args, (client, name) => findObject(client, name, types, flags.size), flags.format);
  },
});

async function findObject(client: EngineClient, name: string, types: readonly ObjectType[], size: boolean): Promise<string> {
  for (const type of types) {
    try {
      return await raw(client, pathOf(type, name), type === 'container' ? { size } : {});
    } catch (error) {
      if (types.length === 1 || !(error instanceof NotFoundError)) throw error;
    }
  }
  throw new Error(`Error: No such object: ${name}`);
}

function pathOf(type: ObjectType, name: string): string {
  switch (type) {
    case 'container': return `/containers/${encodeURIComponent(name)}/json`;
    case 'image': return `/images/${name.split('/').map(encodeURIComponent).join('/')}/json`;
    case 'network': return `/networks/${encodeURIComponent(name)}`;
    case 'volume': return `/volumes/${encodeURIComponent(name)}`;
  }
}
