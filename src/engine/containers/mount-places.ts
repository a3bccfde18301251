import { closeSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InvalidArgumentError, messageOf } from '../../api/errors.ts';
import type { Cleanup } from '../../base/cleanup.ts';
import { descriptorPath } from '../linux/descriptor.ts';
import { mount, mountAll, unmountAll } from '../linux/mount.ts';
import { O_PATH, openInRoot } from '../linux/open-in-root.ts';
import type { Mount } from '../snapshots/mount.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import type { Volumes } from '../volumes/volumes.ts';
import type { ContainerMount } from './container-record.ts';
import type { Container } from './container.ts';
import { imageMountKey } from './rootfs.ts';

/**
 * The mounts of a container with the directories that are really bound: images and parts of volumes have a place of their own below
 * `places`, numbered as the mounts are. Pure: nothing is mounted by it.
 */
export function placedMounts(mounts: readonly ContainerMount[], places: string): ContainerMount[] {
  return mounts.map((each, number) => (each.subpath === undefined && each.type !== 'image' ? each : { ...each, source: join(places, String(number)) }));
}

/**
 * Makes what a container mounts ready for a holder: volumes are attached, images and parts of volumes shown at their places. A part is found
 * inside its volume, whatever the symlinks there say, and stays the same if they change later.
 * @param undo takes it all back
 * @throws InvalidArgumentError for a part that is not there; whatever a mount that cannot be made throws
 */
export async function openPlaces(container: Container, options: { holder: string; places: string; volumes: Volumes; snapshotter: Snapshotter }, undo: Cleanup): Promise<void> {
  const { holder, places, volumes, snapshotter } = options;
  const elsewhere = placesElsewhere(container);
  for (const [number, each] of container.record.mounts.entries()) {
    const { name } = each;
    if (name !== undefined) {
      undo.push(() => volumes.detach(name, holder));
      await volumes.attach(name, holder);
    }
    const place = join(places, String(number));
    if (each.type === 'image') {
      const whole = each.subpath === undefined ? place : `${place}-whole`;
      mkdirSync(whole, { recursive: true, mode: 0o700 });
      undo.push(() => unmountAll(whole));
      const shared: Mount[] | undefined = elsewhere === undefined ? undefined : [{ type: 'bind', source: join(elsewhere, basename(whole)), options: ['bind'] }];
      mountAll(shared ?? await snapshotter.mounts(imageMountKey(container.id, number)), whole);
      if (each.subpath !== undefined) bindPart(whole, each.subpath, place, undo);
    } else if (each.subpath !== undefined) bindPart(each.source, each.subpath, place, undo);
  }
}

/** Overlayfs must not write to one directory through two mounts: an image that a view or a run of the container shows already is shared. */
function placesElsewhere(container: Container): string | undefined {
  const candidates = [...(container.running ? [container.paths.places] : []), ...[...container.views].map((base) => join(dirname(base), 'places'))];
  return candidates.find((path) => existsSync(path));
}

function bindPart(whole: string, part: string, place: string, undo: Cleanup): void {
  let fd;
  try {
    fd = openInRoot(whole, part, O_PATH);
  } catch (error) {
    throw new InvalidArgumentError(`cannot access path ${join(whole, part)}: ${messageOf(error)}`, { cause: error });
  }
  try {
    const source = descriptorPath(fd).toString();
    mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
    if (statSync(source).isDirectory()) mkdirSync(place, { recursive: true, mode: 0o700 });
    else writeFileSync(place, '', { flag: 'a', mode: 0o600 });
    undo.push(() => unmountAll(place));
    mount({ type: 'bind', source, options: ['rbind'] }, place);
  } finally {
    closeSync(fd);
  }
}

/** Unmounts everything below a directory of places. Idempotent. */
export async function clearPlaces(places: string): Promise<void> {
  const names = await readdir(places).catch(() => []);
  // A part before the whole that it is of.
  for (const name of names.toSorted()) await unmountAll(join(places, name));
}
