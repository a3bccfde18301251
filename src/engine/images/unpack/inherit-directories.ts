import { chmodSync, lchownSync, lstatSync } from 'node:fs';
import { nameOfText } from '../../archive/tar-entry.ts';
import { getXattr, listXattrs, setXattr } from '../../linux/file-attributes.ts';
import { setTimes } from '../../linux/file-times.ts';
import type { Snapshotter } from '../../snapshots/snapshotter.ts';
import { bytesOf } from './layer-tree.ts';

/**
 * Makes directories that a layer only has something in look as they do in the layers below: in a stack they would hide what those say. Some
 * tools write no entries for directories that they have not changed.
 * @param layer where it was unpacked; `names` are byte strings, `parent` is the key of the layer below
 */
export async function inheritDirectories(snapshotter: Pick<Snapshotter, 'stat'>, layer: { directory: string; parent: string; names: readonly string[] }): Promise<void> {
  let names = layer.names;
  for (let key: string | undefined = layer.parent; key !== undefined && names.length > 0;) {
    const below = await snapshotter.stat(key);
    names = names.filter((name) => {
      const found = find(below.directory, name);
      if (found === 'directory') copyAttributes(at(below.directory, name), at(layer.directory, name));
      return found === 'nothing';
    });
    key = below.parent;
  }
}

/** What a layer has under a name; `other` for what stops the search, e.g. a symlink or a whiteout on the way. */
function find(root: string, name: string): 'directory' | 'other' | 'nothing' {
  const parts = name === '' ? [] : name.split('/');
  for (let count = 0; count <= parts.length; count += 1) {
    const stats = lstatSync(at(root, parts.slice(0, count).join('/')), { throwIfNoEntry: false });
    if (!stats) return 'nothing';
    if (!stats.isDirectory()) return 'other';
  }
  return 'directory';
}

function copyAttributes(from: Buffer, to: Buffer): void {
  const { uid, gid, mode, mtimeNs } = lstatSync(from, { bigint: true });
  lchownSync(to, Number(uid), Number(gid));
  chmodSync(to, Number(mode & 0o7777n));
  for (const name of listXattrs(from)) {
    const value = /^(trusted|user)\.overlay\./.test(name) ? undefined : getXattr(from, name);
    if (value) setXattr(to, name, value);
  }
  const seconds = mtimeNs / 1_000_000_000n - (mtimeNs % 1_000_000_000n < 0n ? 1n : 0n);
  setTimes(to, { mtime: Number(seconds), mtimeNanoseconds: Number(mtimeNs - seconds * 1_000_000_000n) });
}

const at = (root: string, name: string): Buffer => bytesOf(name === '' ? nameOfText(root) : `${nameOfText(root)}/${name}`);
