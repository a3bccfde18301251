import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { ConflictError, InvalidArgumentError } from '../../api/errors.ts';
import { exec } from '../../base/exec.ts';
import type { Database } from '../store/database.ts';
import type { Mount } from './mount.ts';
import { diskUsage, SnapshotFiles } from './snapshot-files.ts';
import { type SnapshotRecord, SnapshotRecords } from './snapshot-records.ts';
import type { SnapshotInfo, Snapshotter } from './snapshotter.ts';

/**
 * Every snapshot is a whole copy of its parent (shared blocks where the file system can, by reflink). Works on any file system;
 * for those that overlayfs cannot stand on.
 */
export class NativeSnapshotter implements Snapshotter {
  readonly name = 'native';
  readonly layering = 'merged';
  readonly #records: SnapshotRecords;
  readonly #files: SnapshotFiles;

  constructor(database: Database, root: string) {
    this.#records = new SnapshotRecords(database);
    this.#files = new SnapshotFiles(root);
  }

  async prepare(key: string, parent: string | undefined): Promise<readonly Mount[]> {
    // Copied under a name of its own first: the record must not be there before all files are.
    await this.#files.making(async (directory) => {
      if (parent === undefined) mkdirSync(join(directory, 'fs'), { mode: 0o755 });
      // cp keeps what Node's own copy does not: owners, xattrs, hard links, devices, holes.
      else await exec('cp', ['-a', '--reflink=auto', '--sparse=auto', this.#files.tree(this.#records.get(parent).id), join(directory, 'fs')]);
      this.#records.add('active', key, parent, (id) => { renameSync(directory, this.#files.home(id)); });
    });
    return this.mounts(key);
  }

  async view(key: string, parent: string): Promise<readonly Mount[]> {
    this.#records.add('view', key, parent, () => undefined);
    return this.mounts(key);
  }

  async mounts(key: string): Promise<readonly Mount[]> {
    const record = this.#records.get(key);
    if (record.kind === 'committed') throw new ConflictError(`snapshot ${key} is committed: prepare or view one over it`);
    return [{ type: 'bind', source: this.#info(record).directory, options: ['rbind', record.kind === 'view' ? 'ro' : 'rw'] }];
  }

  async commit(name: string, key: string, rebase?: { parent: string }): Promise<void> {
    if (rebase) throw new InvalidArgumentError('the native snapshotter copies the parent when a snapshot is prepared: give the parent to prepare()');
    this.#records.commit(name, key, undefined);
  }

  async replace(key: string, by: string): Promise<void> {
    const ids = this.#records.replace(key, by);
    await this.#files.replace(ids.id, ids.by);
  }

  disown(key: string): string {
    return this.#records.disown(key);
  }

  async remove(key: string): Promise<void> {
    await this.#files.remove(this.#records.remove(key));
  }

  async stat(key: string): Promise<SnapshotInfo> {
    return this.#info(this.#records.get(key));
  }

  async usage(key: string): Promise<{ bytes: number; inodes: number }> {
    const record = this.#records.get(key);
    if (record.kind === 'view') return { bytes: 0, inodes: 0 };
    if (record.bytes !== null && record.inodes !== null) return { bytes: record.bytes, inodes: record.inodes };
    if (record.kind === 'active') return diskUsage(this.#files.tree(record.id));
    const usage = await diskUsage(this.#files.home(record.id));
    this.#records.setUsage(record.id, usage);
    return usage;
  }

  async *list(): AsyncIterable<SnapshotInfo> {
    for (const record of this.#records.list()) yield this.#info(record);
  }

  strays(): string[] {
    return this.#files.strays(this.#records.ids()).map((name) => join(this.#files.root, name));
  }

  async recover(): Promise<void> {
    await this.#files.clearStrays(this.#records.ids());
  }

  #info({ id, key, kind, parent }: SnapshotRecord): SnapshotInfo {
    const owner = kind === 'view' ? (this.#records.ancestors(key)[0] ?? id) : id;
    return { key, kind, parent: parent ?? undefined, directory: this.#files.tree(owner), sidecar: this.#files.sidecar(owner) };
  }
}
