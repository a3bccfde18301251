import { mkdir, rm, stat } from 'node:fs/promises';
import { InvalidArgumentError } from '../../api/errors.ts';
import type { Cleanup } from '../../base/cleanup.ts';
import type { Logger } from '../../base/log.ts';
import type { ImageSource } from '../images/image.ts';
import type { OciMount } from '../runtime/oci-spec.ts';
import { copyUp } from '../volumes/copy-up.ts';
import type { WantedMount } from '../volumes/mount-specs.ts';
import type { Volumes } from '../volumes/volumes.ts';
import type { ContainerMount } from './container-record.ts';

/**
 * Settles the sources of a new container's mounts: makes the volumes that are missing, checks the binds that must exist.
 * @param undo takes away the volumes that were made if the container is not made after all
 * @throws InvalidArgumentError for a bind whose source does not exist, NotFoundError for an image
 */
export async function settleMounts(wanted: readonly WantedMount[], { volumes, images }: { volumes: Volumes; images: Pick<ImageSource, 'get'> }, undo: Cleanup): Promise<ContainerMount[]> {
  const settled: ContainerMount[] = [];
  for (const mount of wanted) {
    const { labels, driverOptions, source = '', ...rest } = mount;
    if (mount.type === 'bind' && !mount.createSource && !(await exists(source))) {
      throw new InvalidArgumentError(`invalid mount config for type "bind": bind source path does not exist: ${source}`);
    }
    if (mount.type === 'image') {
      settled.push({ ...rest, source, imageId: (await images.get(source)).id });
      continue;
    }
    if (mount.type !== 'volume') {
      settled.push({ ...rest, source });
      continue;
    }
    const { volume, created } = await volumes.create({ ...(mount.source === undefined ? {} : { name: mount.source }), ...(labels ? { labels } : {}), ...(driverOptions ? { options: driverOptions } : {}) });
    if (created) undo.push(() => volumes.delete(volume.name));
    settled.push({ ...rest, source: volumes.path(volume.name), name: volume.name });
  }
  return settled;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false);
}

/** Fills new volumes from the image. `withRootfs` shows the container's root file system for as long as its callback runs. */
export async function fillVolumes(mounts: readonly ContainerMount[], options: { volumes: Volumes; holder: string; log: Logger }, withRootfs: (work: (rootfs: string) => Promise<void>) => Promise<void>): Promise<void> {
  const { volumes, holder, log } = options;
  const fillable = mounts.filter((mount) => mount.type === 'volume' && !mount.noCopy);
  if (fillable.length === 0) return;
  await withRootfs(async (rootfs) => {
    for (const { name = '', destination, source } of fillable) {
      await volumes.attach(name, holder);
      try {
        await copyUp({ rootfs, path: destination, volume: source, log });
      } finally {
        await volumes.detach(name, holder);
      }
    }
  });
}

/** Makes the sources of binds that `-v` promises to make. */
export async function prepareSources(mounts: readonly ContainerMount[]): Promise<void> {
  for (const mount of mounts) {
    if (mount.type === 'bind' && mount.createSource && !(await exists(mount.source))) await mkdir(mount.source, { recursive: true, mode: 0o755 });
  }
}

/** A container's mounts as the OCI runtime makes them. Pure. */
export function ociMounts(mounts: readonly ContainerMount[]): OciMount[] {
  return mounts.map((mount) => {
    if (mount.type === 'tmpfs') return { destination: mount.destination, type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'noexec', ...tmpfsOptions(mount)] };
    const propagation = mount.propagation === '' ? 'rprivate' : mount.propagation;
    return { destination: mount.destination, type: 'bind', source: mount.source, options: [mount.nonRecursive ? 'bind' : 'rbind', mount.readOnly ? 'ro' : 'rw', propagation] };
  });
}

/** What was asked for wins over the defaults: `exec` takes `noexec` away. */
function tmpfsOptions(mount: ContainerMount): string[] {
  return (mount.tmpfsOptions ?? []).filter((option) => option !== 'rw');
}

/** Outer before inner: what is mounted later covers what lies below it. Pure. */
export function outerFirst(mounts: readonly OciMount[]): OciMount[] {
  const depth = ({ destination }: OciMount): number => destination.split('/').length;
  return mounts.toSorted((a, b) => depth(a) - depth(b));
}

/** The files that the engine gives to a container, unless it mounts something there itself. Pure. */
export function nameMounts(mounts: readonly ContainerMount[], paths: { hosts: string; hostname: string; resolvConf: string }, readOnly: boolean): OciMount[] {
  const taken = new Set(mounts.map((mount) => mount.destination));
  return ([['/etc/resolv.conf', paths.resolvConf], ['/etc/hostname', paths.hostname], ['/etc/hosts', paths.hosts]] as const)
    .filter(([destination]) => !taken.has(destination))
    .map(([destination, source]) => ({ destination, type: 'bind', source, options: ['rbind', readOnly ? 'ro' : 'rw', 'rprivate'] }));
}

/** Removes a directory of the engine's own. Idempotent. */
export async function removeDirectory(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
