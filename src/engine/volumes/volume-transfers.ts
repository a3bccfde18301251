import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { ConflictError, InternalError, messageOf } from '../../api/errors.ts';
import { exec, ExecError } from '../../base/exec.ts';
import type { Logger } from '../../base/log.ts';
import { packTree, unpackTree } from '../archive/tree/tree-streams.ts';
import type { TreeThreads } from '../archive/tree/tree-threads.ts';
import { O_PATH } from '../linux/open-in-root.ts';
import type { VolumeRecord } from './volume-record.ts';
import type { Volumes } from './volumes.ts';

const DIRECTORY = O_PATH | constants.O_DIRECTORY;

/**
 * Data of volumes on its way: copied into another volume, out as a tar, in from one. Containers that write meanwhile are not stopped: what they
 * write while it is read may be in it or not.
 */
export class VolumeTransfers {
  readonly #volumes: Volumes;
  readonly #threads: TreeThreads;
  readonly #log: Logger;

  constructor(parts: { volumes: Volumes; threads: TreeThreads; log: Logger }) {
    this.#volumes = parts.volumes;
    this.#threads = parts.threads;
    this.#log = parts.log;
  }

  /**
   * A new volume with the same labels and data; blocks are shared where the file system can. What fails leaves no volume.
   * @throws NotFoundError; ConflictError when the name is taken
   */
  async clone(name: string, to: string, signal: AbortSignal): Promise<VolumeRecord> {
    const source = this.#volumes.get(name);
    return this.#intoNew(to, source.labels, async (path) => {
      await this.#held(name, async (from) => { await exec('cp', ['-a', '--reflink=auto', '--', `${from}/.`, path], { log: this.#log, signal }); });
    });
  }

  /** A tar of all that is in it, owners, modes, times and extended attributes kept. @throws NotFoundError */
  async export(name: string): Promise<Readable> {
    const holder = newHolder();
    await this.#volumes.attach(name, holder);
    let root: number | undefined;
    try {
      const opened = root = openSync(this.#volumes.path(name), DIRECTORY);
      return (await packTree(this.#threads, (output) => ({ kind: 'export', root: opened, output }), async () => {
        closeSync(opened);
        await this.#volumes.detach(name, holder);
      })).bytes;
    } catch (error) {
      if (root === undefined) await this.#volumes.detach(name, holder);
      throw error;
    }
  }

  /**
   * Lays a tar, compressed or not, down in a volume, which is made if it is not there; one that was made goes again when that fails.
   * @throws ConflictError when the volume holds something already; InvalidArgumentError for a damaged archive, which leaves the volume empty
   */
  async import(name: string, archive: AsyncIterable<Uint8Array>): Promise<VolumeRecord> {
    const present = this.#volumes.list().find((volume) => volume.name === name);
    if (!present) return this.#intoNew(name, {}, (path) => this.#unpack(path, archive));
    await this.#held(name, async (path) => {
      if ((await readdir(path)).length > 0) throw new ConflictError(`volume ${name} is not empty: import into a new one, or empty it first`);
      try {
        await this.#unpack(path, archive);
      } catch (error) {
        await exec('find', [path, '-mindepth', '1', '-delete'], { log: this.#log });
        throw error;
      }
    });
    return present;
  }

  async #unpack(path: string, archive: AsyncIterable<Uint8Array>): Promise<void> {
    const root = openSync(path, DIRECTORY);
    try {
      await unpackTree(this.#threads, (input) => ({ kind: 'unpack', root, path: '/', input, keepKinds: false }), archive);
    } finally {
      closeSync(root);
    }
  }

  async #intoNew(name: string, labels: VolumeRecord['labels'], fill: (path: string) => Promise<void>): Promise<VolumeRecord> {
    const { volume, created } = await this.#volumes.create({ name, labels });
    if (!created) throw new ConflictError(`a volume ${name} exists already: choose another name, or remove it with docker volume rm ${name}`);
    try {
      await this.#held(name, fill);
      return volume;
    } catch (error) {
      await this.#volumes.delete(name).catch((failure: unknown) => { this.#log.warn('cannot remove a volume that was not filled', { volume: name, error: failure }); });
      throw error instanceof ExecError ? new InternalError(`cannot fill volume ${name}: ${messageOf(error)}`, { cause: error }) : error;
    }
  }

  async #held(name: string, work: (path: string) => Promise<void>): Promise<void> {
    const holder = newHolder();
    await this.#volumes.attach(name, holder);
    try {
      await work(this.#volumes.path(name));
    } finally {
      await this.#volumes.detach(name, holder);
    }
  }
}

function newHolder(): string {
  return `transfer-${randomBytes(8).toString('hex')}`;
}
