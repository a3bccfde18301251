import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NotImplementedError } from '../../api/errors.ts';
import type { VolumeDriver } from './volume-driver.ts';
import type { VolumeRecord } from './volume-record.ts';

/** Volumes as directories: `ROOT/NAME/_data`. */
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
    const option = Object.keys(volume.options)[0];
    if (option !== undefined) throw new NotImplementedError(`volume option ${option} is not implemented: the local driver takes none`);
    await mkdir(join(this.#root, volume.name), { recursive: true, mode: 0o701 });
    await mkdir(this.path(volume), { recursive: true, mode: 0o755 });
  }

  async delete(volume: VolumeRecord): Promise<void> {
    // Out of the way in one step: a crash while it is being emptied leaves no volume that is half there.
    const doomed = join(this.#root, `.deleting-${volume.name}`);
    await rm(doomed, { recursive: true, force: true });
    await rename(join(this.#root, volume.name), doomed).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    });
    await rm(doomed, { recursive: true, force: true });
  }
}
