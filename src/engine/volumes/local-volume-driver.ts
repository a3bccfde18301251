import { lookup } from 'node:dns/promises';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { InternalError, InvalidArgumentError, messageOf } from '../../api/errors.ts';
import { mount, unmountAll } from '../linux/mount.ts';
import type { Mount } from '../snapshots/mount.ts';
import { localMount } from './local-options.ts';
import type { VolumeDriver } from './volume-driver.ts';
import type { VolumeRecord } from './volume-record.ts';

/** Volumes as directories: `ROOT/NAME/_data`. With options of mount(8), something is mounted there while the volume is in use. */
export class LocalVolumeDriver implements VolumeDriver {
  readonly name = 'local';
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  path(volume: Pick<VolumeRecord, 'name'>): string {
    return join(this.#root, volume.name, '_data');
  }

  async create(volume: VolumeRecord): Promise<void> {
    try {
      localMount(volume.options);
    } catch (error) {
      throw error instanceof InvalidArgumentError ? new InvalidArgumentError(`create ${volume.name}: ${error.message}`, { cause: error }) : error;
    }
    await mkdir(join(this.#root, volume.name), { recursive: true, mode: 0o701 });
    await mkdir(this.path(volume), { recursive: true, mode: 0o755 });
  }

  async attach(volume: VolumeRecord): Promise<void> {
    const what = localMount(volume.options);
    if (!what) return;
    const path = this.path(volume);
    // What an engine that is gone has mounted there is not to lie under it.
    await unmountAll(path);
    try {
      mount(await withAddress(what), path);
    } catch (error) {
      const options = what.options.length === 0 ? '' : `, ${what.options.join(',')}`;
      throw new InternalError(`error while mounting volume '${path}': failed to mount local volume: mount ${what.source}:${path}${options}: ${reason(error)}`, { cause: error });
    }
  }

  async detach(volume: VolumeRecord): Promise<void> {
    if (localMount(volume.options)) await unmountAll(this.path(volume));
  }

  async delete(volume: VolumeRecord): Promise<void> {
    // Whatever is mounted there is not the volume's to delete.
    if (Object.keys(volume.options).length > 0) await unmountAll(this.path(volume));
    // Out of the way in one step: a crash while it is being emptied leaves no volume that is half there.
    const doomed = join(this.#root, `.deleting-${volume.name}`);
    await rm(doomed, { recursive: true, force: true });
    await rename(join(this.#root, volume.name), doomed).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    });
    await rm(doomed, { recursive: true, force: true });
  }
}

function reason(error: unknown): string {
  const errno = error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? Math.abs(error.errno) : 0;
  return errno === 0 ? messageOf(error) : getSystemErrorMessage(-errno);
}

/** The kernel takes a server by its address only. */
async function withAddress(what: Mount): Promise<Mount> {
  const options = await Promise.all(what.options.map(async (option) => (option.startsWith('addr=') ? `addr=${(await lookup(option.slice('addr='.length))).address}` : option)));
  return { ...what, options };
}
