import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { encodeTarEntry, TAR_END, tarPadding } from '../../engine/archive/tar-encoder.ts';
import { nameOfText, type TarEntry } from '../../engine/archive/tar-entry.ts';

/** A tar of a file or directory of this machine, under `name`, as it is read. Symlinks are themselves; sockets are left out. */
export async function* packHost(path: string, name: string): AsyncGenerator<Uint8Array> {
  yield* pack(path, nameOfText(name), new Map());
  yield TAR_END;
}

async function* pack(path: string, name: string, links: Map<string, string>): AsyncGenerator<Uint8Array> {
  const stats = await lstat(path);
  const entry = entryOf(stats, name);
  if (entry === undefined) return;
  const key = `${stats.dev}:${stats.ino}`;
  const first = stats.isFile() && stats.nlink > 1 ? links.get(key) : undefined;
  if (first !== undefined) { yield encodeTarEntry({ ...entry, type: 'hardlink', linkName: first }); return; }
  if (stats.isFile() && stats.nlink > 1) links.set(key, name);
  if (entry.type === 'symlink') { yield encodeTarEntry({ ...entry, linkName: (await readlink(path, 'buffer')).toString('latin1') }); return; }
  yield encodeTarEntry(entry);
  if (entry.type === 'file') yield* content(path, entry.size);
  if (entry.type !== 'directory') return;
  for (const child of (await readdir(path)).sort()) yield* pack(`${path}/${child}`, `${name === '' || name === '/' ? '' : name}/${nameOfText(child)}`, links);
}

/** As many bytes as the header says, however the file changes meanwhile. */
async function* content(path: string, size: number): AsyncGenerator<Uint8Array> {
  let left = size;
  if (size > 0) {
    for await (const chunk of createReadStream(path, { end: size - 1, highWaterMark: 256 * 1024 })) {
      left -= (chunk as Buffer).length;
      yield chunk as Buffer;
    }
  }
  for (; left > 0; left -= Math.min(left, 65_536)) yield Buffer.alloc(Math.min(left, 65_536));
  yield tarPadding(size);
}

function entryOf(stats: Stats, name: string): TarEntry | undefined {
  const type = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'symlink' : stats.isFIFO() ? 'fifo'
    : stats.isCharacterDevice() ? 'char' : stats.isBlockDevice() ? 'block' : undefined;
  if (type === undefined) return undefined;
  const isDevice = type === 'char' || type === 'block';
  return {
    type, name, linkName: '', mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid, size: type === 'file' ? stats.size : 0, mtime: Math.floor(stats.mtimeMs / 1000), xattrs: new Map(),
    deviceMajor: isDevice ? (stats.rdev >> 8) & 0xfff : 0, deviceMinor: isDevice ? (stats.rdev & 0xff) | ((stats.rdev >> 12) & 0xfff00) : 0,
  };
}
