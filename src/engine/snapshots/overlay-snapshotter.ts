import { mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConflictError } from '../../api/errors.ts';
import type { Database } from '../store/database.ts';
import type { Mount } from './mount.ts';
import { copyDirectoryAttributes, diskUsage, SnapshotFiles } from './snapshot-files.ts';
import { type SnapshotRecord, SnapshotRecords } from './snapshot-records.ts';
import type { SnapshotInfo, Snapshotter } from './snapshotter.ts';

/**
 * index, metacopy and redirects would make one snapshot's files depend on another's in ways that a layer cannot carry away, and a hostile
 * layer could forge their marks. Source: Documentation/filesystems/overlayfs.rst.
 */
const SAFE_OPTIONS = ['index=off', 'metacopy=off', 'redirect_dir=nofollow'];

/**
 * Every snapshot is a directory of its own, stacked by overlayfs: `<root>/<number>/fs`, and `work` beside it for writable ones.
 * Mount options name layers by path relative to the root (`17/fs:16/fs`): the kernel takes 4,095 bytes of options, which is about
 * 500 layers, its own limit.
 */
export class OverlaySnapshotter implements Snapshotter {
  readonly name = 'overlay';
  readonly layering = 'stacked';
  readonly #records: SnapshotRecords;
  readonly #files: SnapshotFiles;

  constructor(database: Database, root: string) {
    this.#records = new SnapshotRecords(database);
    this.#files = new SnapshotFiles(root);
  }

  async prepare(key: string, parent: string | undefined): Promise<readonly Mount[]> {
    this.#records.add('active', key, parent, (id) => { this.#make(id, parent); });
    return this.mounts(key);
  }

  #make(id: number, parent: string | undefined): void {
    try {
      mkdirSync(this.#files.home(id), { mode: 0o710 });
      mkdirSync(this.#files.tree(id), { mode: 0o755 });
      mkdirSync(`${this.#files.home(id)}/work`, { mode: 0o700 });
      if (parent !== undefined) copyDirectoryAttributes(this.#files.tree(this.#records.get(parent).id), this.#files.tree(id));
    } catch (error) {
      rmSync(this.#files.home(id), { recursive: true, force: true });
      throw error;
    }
  }

  async view(key: string, parent: string): Promise<readonly Mount[]> {
    this.#records.add('view', key, parent, () => undefined);
    return this.mounts(key);
  }

  async mounts(key: string): Promise<readonly Mount[]> {
    const { id, kind } = this.#records.get(key);
    if (kind === 'committed') throw new ConflictError(`snapshot ${key} is committed: prepare or view one over it`);
    const lower = this.#records.ancestors(key);
    if (kind === 'view') return [this.#readOnly(lower)];
    if (lower.length === 0) return [{ type: 'bind', source: this.#files.tree(id), options: ['rbind', 'rw'] }];
    return [this.#overlay(lower, [`upperdir=${id}/fs`, `workdir=${id}/work`])];
  }

  #readOnly(lower: readonly number[]): Mount {
    const [only, second] = lower;
    // Overlayfs wants two layers at least.
    if (only !== undefined && second === undefined) return { type: 'bind', source: this.#files.tree(only), options: ['rbind', 'ro'] };
    return this.#overlay(lower, ['ro']);
  }

  #overlay(lower: readonly number[], options: readonly string[]): Mount {
    return {
      type: 'overlay', source: 'overlay', directory: this.#files.root,
      options: [`lowerdir=${lower.map((id) => `${id}/fs`).join(':')}`, ...options, ...SAFE_OPTIONS],
    };
  }

  async commit(name: string, key: string, rebase?: { parent: string }): Promise<void> {
    const { id } = this.#records.get(key);
    this.#records.commit(name, key, rebase);
    await rm(`${this.#files.home(id)}/work`, { recursive: true, force: true });
  }

  async replace(key: string, by: string): Promise<void> {
    const ids = this.#records.replace(key, by);
    await this.#files.replace(ids.id, ids.by);
    await rm(`${this.#files.home(ids.id)}/work`, { recursive: true, force: true });
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
    // A view has no files of its own: it shows those of its parent.
    const owner = kind === 'view' ? (this.#records.ancestors(key)[0] ?? id) : id;
    return { key, kind, parent: parent ?? undefined, directory: this.#files.tree(owner), sidecar: this.#files.sidecar(owner) };
  }
}
