import { mkdirSync } from 'node:fs';
import { mountAll, unmountAll } from '../linux/mount.ts';
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
  mountAll(mounts, container.paths.rootfs);
}

/** Idempotent. */
export async function unmountRootfs(container: Container): Promise<void> {
  await unmountAll(container.paths.rootfs);
}
