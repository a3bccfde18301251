import { mkdirSync } from 'node:fs';
import { mountAll, unmountAll } from '../linux/mount.ts';
import type { Mount } from '../snapshots/mount.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import type { Container } from './container.ts';

const PREFIX = 'container-';

/** The snapshot that holds a container's writable layer. */
export function snapshotKey(containerId: string): string {
  return `${PREFIX}${containerId}`;
}

/** The snapshot that holds an image that is mounted in a container, by the mount's number. */
export function imageMountKey(containerId: string, number: number): string {
  return `${snapshotKey(containerId)}.${String(number)}`;
}

/** Whose snapshot a key names; undefined: no container's. */
export function containerOfKey(key: string): string | undefined {
  return key.startsWith(PREFIX) ? key.slice(PREFIX.length).split('.')[0] : undefined;
}

/** Mounts a container's root file system. Idempotent. */
export async function mountRootfs(snapshotter: Snapshotter, container: Container): Promise<void> {
  const mounts = await snapshotter.mounts(snapshotKey(container.id));
  mkdirSync(container.paths.rootfs, { recursive: true, mode: 0o700 });
  await unmountAll(container.paths.rootfs);
  mountAll(shared(container) ?? mounts, container.paths.rootfs);
}

/** Overlayfs must not write to one directory through two mounts: where a view of the container is open, its mount is shared. */
export function shared(container: Container): Mount[] | undefined {
  const [view] = container.views;
  return view === undefined ? undefined : [{ type: 'bind', source: view, options: ['bind'] }];
}

/** Idempotent. */
export async function unmountRootfs(container: Container): Promise<void> {
  await unmountAll(container.paths.rootfs);
}

/** Makes the shared memory of a container that lets others have it. */
export function mountShm(container: Container): void {
  const { ShmSize: size = 0 } = container.record.hostConfig;
  mkdirSync(container.paths.shm, { recursive: true, mode: 0o700 });
  mountAll([{ type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${String(size)}`] }], container.paths.shm);
}
