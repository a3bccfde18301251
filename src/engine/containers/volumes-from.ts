import { InvalidArgumentError, NotFoundError } from '../../api/errors.ts';
import type { ContainerMount } from './container-record.ts';
import type { ContainerRegistry } from './container-registry.ts';

/** The mounts that `--volumes-from NAME[:ro]` takes over; the last of one destination holds. @throws InvalidArgumentError in dockerd's words */
export function mountsFrom(specs: readonly string[], registry: ContainerRegistry): ContainerMount[] {
  const byDestination = new Map<string, ContainerMount>();
  for (const spec of specs) {
    const [name = '', mode = 'rw', ...rest] = spec.split(':');
    if (name === '' || rest.length > 0) throw new InvalidArgumentError(`invalid volumes-from specification: ${spec}`);
    const options = mode.split(',');
    if (options.some((option) => !['rw', 'ro', 'z', 'Z'].includes(option))) throw new InvalidArgumentError(`invalid mode: ${mode}`);
    for (const mount of mountsOf(name, registry)) {
      byDestination.set(mount.destination, { ...mount, readOnly: mount.readOnly || options.includes('ro'), noCopy: true, createSource: false });
    }
  }
  return [...byDestination.values()];
}

function mountsOf(name: string, registry: ContainerRegistry): readonly ContainerMount[] {
  try {
    return registry.get(name).record.mounts.filter((mount) => mount.type !== 'tmpfs' && mount.type !== 'image');
  } catch (error) {
    if (error instanceof NotFoundError) throw new InvalidArgumentError(error.message, { cause: error });
    throw error;
  }
}
