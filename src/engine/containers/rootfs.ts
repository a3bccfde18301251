import { mkdirSync } from 'node:fs';
import { mountAll, unmountAll } from '../linux/mount.ts';
import type { Mount } from '../snapshots/mount.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import type { Container } from './container.ts';

/** The snapshot that holds a container's writable layer. */
export function snapshotKey(containerId: string): string {
  return `container-${containerId}`;
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
