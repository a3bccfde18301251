import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { lstat, opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The directories of snapshots below one root, named after their record's number. A number is never used twice. */
export class SnapshotFiles {
  readonly root: string;

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

  /** A name for a directory in the making; `clearUnknown` clears it if it is left. */
  temporary(): string {
    return join(this.root, `new-${randomBytes(6).toString('hex')}`);
  }

  /** What a crash before the record's commit, or during a removal, left. */
  async clearUnknown(known: ReadonlySet<number>): Promise<void> {
    for (const name of readdirSync(this.root)) {
      if (!known.has(Number(name))) await rm(join(this.root, name), { recursive: true, force: true });
    }
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
