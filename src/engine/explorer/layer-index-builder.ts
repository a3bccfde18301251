import { createHash, hash, type Hash } from 'node:crypto';
import type { TarEntry } from '../archive/tar-entry.ts';
import type { LayerFile, LayerFileKind, LayerIndex } from './layer-index.ts';

/** In the holes of one layer's sparse files. A header can claim petabytes of them, which would keep a thread busy for months. */
const ZEROS_LIMIT_BYTES = 1024 * 1024 * 1024;

const PLAIN = { mode: 0, uid: 0, gid: 0, size: 0, link: '', digest: '', opaque: false, implied: false } as const;

/**
 * Makes the index of a layer from what its unpacking reports: every path as it really is, with symlinks on the way followed. The rules of
 * removals are those of `WhiteoutWriter`: they concern the layers below, never what this layer holds, in whatever order the entries come.
 */
export class LayerIndexBuilder {
  readonly #files = new Map<string, LayerFile>();
  readonly #layering: 'stacked' | 'merged';
  #open: { file: LayerFile; hash: Hash | undefined; end: number } | undefined;
  #zerosLeft = ZEROS_LIMIT_BYTES;

  /** @param layering of the snapshotter: whether directories of the layers below are there while this one is unpacked */
  constructor(layering: 'stacked' | 'merged') {
    this.#layering = layering;
  }

  get index(): LayerIndex {
    return this.#files;
  }

  /** Something is at `path` now. @param target for a hard link, the path that it is another name of */
  made(path: string, entry: TarEntry, target?: string): void {
    const before = this.#files.get(path);
    if (entry.type === 'directory') { this.#madeDirectory(path, entry, before); return; }
    if (before?.kind === 'directory') this.#forget(path);
    this.#addParents(path);
    if (target !== undefined) {
      this.#files.set(path, this.#files.get(target) ?? { ...PLAIN, kind: 'link', link: target });
      return;
    }
    const file = toFile(entry);
    this.#files.set(path, file);
    // A file with holes has more content than the archive carries.
    if (file.kind === 'file') this.#open = { file, hash: undefined, end: 0 };
  }

  #madeDirectory(path: string, entry: TarEntry, before: LayerFile | undefined): void {
    if (path !== '') this.#addParents(path);
    const opaque = before?.kind === 'whiteout' || (before?.kind === 'directory' && before.opaque);
    this.#files.set(path, { ...toFile(entry), opaque });
  }

  /** What follows `.wh.` has been carried out in `directory`. */
  removed(path: string): void {
    const there = this.#files.get(path);
    if (there?.kind === 'directory') this.#files.set(path, { ...there, opaque: true });
    else if (there === undefined) {
      this.#addParents(path);
      this.#files.set(path, { ...PLAIN, kind: 'whiteout' });
    }
  }

  /** All that the layers below have in a directory has been removed. */
  emptied(directory: string): void {
    if (directory !== '') this.#addParents(`${directory}/`);
    const there = this.#files.get(directory) ?? this.#implied();
    // The kernel merges the roots of stacked layers, whatever marks they have.
    if (directory !== '' || this.#layering === 'merged') this.#files.set(directory, { ...there, opaque: true });
  }

  /** A piece of the content of the file that was made last. */
  data(chunk: Uint8Array, offset: number): void {
    const open = this.#open;
    if (!open) return;
    if (chunk.length === open.file.size) {
      // Most files come in one piece, and a hash that is no object costs half.
      open.file.digest = hash('sha256', chunk);
      this.#open = undefined;
      return;
    }
    open.hash ??= createHash('sha256');
    if (!this.#fillHole(open.hash, open.end, offset)) return;
    open.hash.update(chunk);
    open.end = offset + chunk.length;
  }

  end(): void {
    if (!this.#open) return;
    const { file, hash: started = createHash('sha256'), end } = this.#open;
    if (!this.#fillHole(started, end, file.size)) return;
    file.digest = started.digest('hex');
    this.#open = undefined;
  }

  /** @returns false when the layer claims more zeros than anybody would hash: the file is left without a digest */
  #fillHole(started: Hash, from: number, until: number): boolean {
    this.#zerosLeft -= until - from;
    if (this.#zerosLeft < 0) {
      this.#zerosLeft += until - from;
      this.#open = undefined;
      return false;
    }
    for (let at = from; at < until; at += ZEROS.length) started.update(ZEROS.subarray(0, Math.min(ZEROS.length, until - at)));
    return true;
  }

  #addParents(path: string): void {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash);
      const there = this.#files.get(parent);
      if (there === undefined) this.#files.set(parent, this.#implied());
      else if (there.kind === 'whiteout') this.#files.set(parent, { ...this.#implied(), implied: false, opaque: true });
    }
  }

  /** Stacked on nothing, a directory on the way is made; merged, it is there already or made the same way. */
  #implied(): LayerFile {
    return { ...PLAIN, kind: 'directory', mode: 0o755, implied: this.#layering === 'merged' };
  }

  /** A directory has been replaced by something else: what was in it has gone. */
  #forget(directory: string): void {
    for (const path of this.#files.keys()) if (path.startsWith(`${directory}/`)) this.#files.delete(path);
  }
}

const ZEROS = Buffer.alloc(64 * 1024);

function toFile(entry: TarEntry): LayerFile {
  const kind: LayerFileKind = entry.type === 'hardlink' ? 'link' : entry.type;
  const device = kind === 'char' || kind === 'block';
  return {
    ...PLAIN, kind, mode: kind === 'symlink' ? 0o777 : entry.mode, uid: entry.uid, gid: entry.gid, size: kind === 'file' ? entry.size : 0,
    link: device ? `${entry.deviceMajor}:${entry.deviceMinor}` : kind === 'symlink' ? entry.linkName : '',
  };
}
