import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { lstat, opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The directories of snapshots below one root, named after their record's number. A number is never used twice. */
export class SnapshotFiles {
  readonly root: string;
  /** Names that are being made or removed just now: no record knows them, and still they are nobody's leftovers. */
  readonly #busy = new Set<string>();

  constructor(root: string) {
    this.root = root;
    mkdirSync(root, { recursive: true, mode: 0o710 });
  }

  home(id: number): string {
    return join(this.root, String(id));
  }

  tree(id: number): string {
    return join(this.home(id), 'fs');
  }

  sidecar(id: number): string {
    return join(this.home(id), 'sidecar');
  }

  /** Runs `make` with a directory of its own in the making, which it renames; what is left of it when it fails is deleted. */
  async making<T>(make: (directory: string) => Promise<T>): Promise<T> {
    const name = `new-${randomBytes(6).toString('hex')}`;
    this.#busy.add(name);
    try {
      mkdirSync(join(this.root, name), { mode: 0o710 });
      return await make(join(this.root, name));
    } catch (error) {
      await rm(join(this.root, name), { recursive: true, force: true });
      throw error;
    } finally {
      this.#busy.delete(name);
    }
  }

  /** The directory of `by`, whose record has just gone, becomes that of `id`: call it in the same turn. What `id` had is deleted. */
  async replace(id: number, by: number): Promise<void> {
    const name = `old-${randomBytes(6).toString('hex')}`;
    this.#busy.add(name);
    try {
      if (existsSync(this.home(id))) renameSync(this.home(id), join(this.root, name));
      renameSync(this.home(by), this.home(id));
      await rm(join(this.root, name), { recursive: true, force: true });
    } finally {
      this.#busy.delete(name);
    }
  }

  /** Deletes the directory of a record that has just gone: call it in the same turn. */
  async remove(id: number): Promise<void> {
    const name = String(id);
    this.#busy.add(name);
    try {
      await rm(this.home(id), { recursive: true, force: true });
    } finally {
      this.#busy.delete(name);
    }
  }

  /** Names below the root that are no record's, and that nobody is working on. `known` must be of this very turn. */
  strays(known: ReadonlySet<number>): string[] {
    return readdirSync(this.root).filter((name) => !known.has(Number(name)) && !this.#busy.has(name));
  }

  /** Deletes what a crash before the record's commit, or a removal that failed, left. */
  async clearStrays(known: ReadonlySet<number>): Promise<void> {
    for (const name of this.strays(known)) await rm(join(this.root, name), { recursive: true, force: true });
  }
}

/** A directory's mode and owner onto another: the root of a stack is that of its topmost layer. */
export function copyDirectoryAttributes(from: string, to: string): void {
  const { mode, uid, gid } = statSync(from);
  chownSync(to, uid, gid);
  chmodSync(to, mode & 0o7777);
}

/** Disk use of a tree: every inode once. */
export async function diskUsage(directory: string): Promise<{ bytes: number; inodes: number }> {
  const seen = new Set<number>();
  let bytes = 0;
  const count = ({ ino, blocks }: { ino: number; blocks: number }): void => {
    if (seen.has(ino)) return;
    seen.add(ino);
    bytes += blocks * 512;
  };
  count(lstatSync(directory));
  const pending = [Buffer.from(directory)];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    // Names are bytes: what is no UTF-8 must be found again too. The typings know opendir's `buffer` encoding only as a string.
    for await (const entry of await opendir(next, { encoding: 'buffer' as BufferEncoding })) {
      const path = Buffer.concat([next, Buffer.from('/'), entry.name as unknown as Buffer]);
      const stats = await lstat(path).catch(() => undefined);
      if (!stats) continue;
      count(stats);
      if (stats.isDirectory()) pending.push(path);
    }
  }
  return { bytes, inodes: seen.size };
}
