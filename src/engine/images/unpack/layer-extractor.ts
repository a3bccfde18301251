import { chmodSync, chownSync, closeSync, constants, fchmodSync, fchownSync, ftruncateSync, lchownSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import { InvalidArgumentError } from '../../../api/errors.ts';
import { type TarEntry, textOfName } from '../../archive/tar-entry.ts';
import type { TarHandler } from '../../archive/tar-parser.ts';
import { makeNode, setXattr } from '../../linux/file-attributes.ts';
import { type Moment, setTimes, setTimesOfDescriptor } from '../../linux/file-times.ts';
import { bytesOf, type LayerTree } from './layer-tree.ts';
import { meaningOf, type WhiteoutWriter } from './whiteouts.ts';

const FILE_TYPES = { char: 0o020000, block: 0o060000, fifo: 0o010000 } as const;
/** Of the whole process, set at its start if ever. Read here because process.umask() would change it for a moment, for all threads. */
const UMASK = Number.parseInt(/^Umask:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '777', 8);
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/** Told what has been laid down, by real names: symlinks on the way are followed, the root is the empty one. */
export interface LayerObserver {
  /** @param target for a hard link, the real name of the file that it names too */
  made(path: string, entry: TarEntry, target?: string): void;
  /** `path` of the layers below has been removed. */
  removed(path: string): void;
  /** All that the layers below have in `directory` has been removed. */
  emptied(directory: string): void;
  /** Content of the file that was made last, and its end. */
  data(chunk: Uint8Array, offset: number): void;
  end(): void;
}

/**
 * Lays one layer's entries down below a directory that nobody else touches. Calls are synchronous and few: this runs in a thread of its
 * own. Whatever the archive says, nothing outside the directory is read, written or removed: see `LayerTree`.
 */
export class LayerExtractor implements TarHandler {
  readonly #tree: LayerTree;
  readonly #whiteouts: WhiteoutWriter;
  readonly #observer: LayerObserver | undefined;
  /** Directories get their times when nothing is made in them any more. */
  readonly #directoryTimes = new Map<string, Moment>();
  #open: { fd: number; path: string; entry: TarEntry } | undefined;
  sizeBytes = 0;
  entries = 0;

  constructor(tree: LayerTree, whiteouts: WhiteoutWriter, observer?: LayerObserver) {
    this.#tree = tree;
    this.#whiteouts = whiteouts;
    this.#observer = observer;
  }

  entry(entry: TarEntry): void {
    this.entries += 1;
    const name = this.#tree.clean(entry.name);
    if (name === '') { this.#root(entry); return; }
    const slash = name.lastIndexOf('/');
    const parent = this.#tree.resolveDirectory(name.slice(0, Math.max(slash, 0)));
    const base = name.slice(slash + 1);
    if (base.startsWith('.wh.')) {
      // A whiteout is a name, not content: a body would have nowhere to go.
      this.#whiteout(parent, base.slice('.wh.'.length));
      return;
    }
    this.#make(entry, this.#tree.join(parent, base));
  }

  #whiteout(parent: string, rest: string): void {
    this.#whiteouts.whiteout(parent, rest);
    if (!this.#observer) return;
    const meaning = meaningOf(parent, rest);
    if (meaning === 'opaque') this.#observer.emptied(parent);
    else if (meaning !== 'nothing') this.#observer.removed(this.#tree.join(parent, meaning.remove));
  }

  #root(entry: TarEntry): void {
    if (entry.type !== 'directory') throw new InvalidArgumentError(`invalid layer: ${JSON.stringify(textOfName(entry.name))} would replace the root directory`);
    this.#decorate(entry, '');
    this.#observer?.made('', entry);
  }

  #make(entry: TarEntry, path: string): void {
    this.#whiteouts.created(path);
    let target: string | undefined;
    if (entry.type === 'directory') this.#makeDirectory(entry, path);
    else if (entry.type === 'file') this.#makeFile(entry, path);
    else if (entry.type === 'hardlink') target = this.#makeLink(entry, path);
    else {
      this.#replacing(path, () => { this.#makeSpecial(entry, path); });
      this.#decorate(entry, path);
    }
    this.#observer?.made(path, entry, target);
  }

  #makeDirectory(entry: TarEntry, path: string): void {
    if (!this.#tree.isDirectory(path)) {
      this.#replacing(path, () => { mkdirSync(this.#tree.path(path), entry.mode); });
      this.#tree.addDirectory(path);
      this.#whiteouts.madeDirectory(path);
    }
    this.#decorate(entry, path);
  }

  #makeFile(entry: TarEntry, path: string): void {
    const fd = this.#replacing(path, () => openSync(this.#tree.path(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, entry.mode & 0o777));
    this.#open = { fd, path, entry };
    this.sizeBytes += entry.size;
    if (entry.uid !== 0 || entry.gid !== 0) fchownSync(fd, entry.uid, entry.gid);
    // The umask may have taken bits away, and chown takes setuid.
    if ((entry.mode & (UMASK | 0o7000)) !== 0) fchmodSync(fd, entry.mode);
  }

  #makeLink(entry: TarEntry, path: string): string {
    const target = this.#tree.resolveParent(this.#tree.clean(entry.linkName));
    if (target === undefined || target === path || this.#whiteouts.isRemoved(target)) throw new InvalidArgumentError(`invalid layer: hard link ${shown(path)} to ${JSON.stringify(textOfName(entry.linkName))}, which is not in this layer`);
    try {
      this.#replacing(path, () => { linkSync(this.#tree.path(target), this.#tree.path(path)); });
    } catch (cause) {
      if (!isCode(cause, 'ENOENT') && !isCode(cause, 'EPERM')) throw cause;
      throw new InvalidArgumentError(`invalid layer: hard link ${shown(path)} to ${JSON.stringify(textOfName(entry.linkName))}, which is not in this layer`, { cause });
    }
    return target;
  }

  #makeSpecial(entry: TarEntry, path: string): void {
    if (entry.type === 'symlink' && entry.linkName === '') throw new InvalidArgumentError(`invalid layer: symlink ${shown(path)} leads nowhere`);
    if (entry.type === 'symlink') symlinkSync(bytesOf(entry.linkName), this.#tree.path(path));
    else if (entry.type === 'char' || entry.type === 'block' || entry.type === 'fifo') {
      makeNode(this.#tree.bytes(path), FILE_TYPES[entry.type] | entry.mode, { major: entry.deviceMajor, minor: entry.deviceMinor });
    }
  }

  /** Does `make`; if something of this name is there, removes that first. */
  #replacing<T>(path: string, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
    rmSync(this.#tree.path(path), { recursive: true, force: true });
    this.#tree.forget(path);
    return make();
  }

  /** Owner, mode, attributes and times of what is no file. The order matters: chown clears setuid. */
  #decorate(entry: TarEntry, path: string): void {
    const target = this.#tree.path(path);
    if (entry.type === 'directory') {
      this.#tree.declareDirectory(path);
      chownSync(target, entry.uid, entry.gid);
      chmodSync(target, entry.mode);
    } else {
      if (entry.uid !== 0 || entry.gid !== 0) lchownSync(target, entry.uid, entry.gid);
      if (entry.type !== 'symlink') chmodSync(target, entry.mode);
    }
    this.#setXattrs(entry, path);
    if (entry.type === 'directory') this.#directoryTimes.set(path, entry);
    else setTimes(this.#tree.bytes(path), entry);
  }

  #setXattrs(entry: TarEntry, path: string): void {
    for (const [name, value] of entry.xattrs) {
      // Overlayfs' own marks are ours to set: an image could forge a redirect or hide what is below.
      if (/^(trusted|user)\.overlay\./.test(name)) continue;
      try {
        setXattr(this.#tree.bytes(path), name, value);
      } catch (error) {
        // Symlinks and devices cannot carry user attributes, and some file systems none at all: docker lets that pass too.
        if (!isCode(error, 'ENOTSUP') && !isCode(error, 'EOPNOTSUPP') && !(isCode(error, 'EPERM') && name.startsWith('user.'))) throw error;
      }
    }
  }

  data(chunk: Uint8Array, offset: number): void {
    if (!this.#open) return;
    this.#observer?.data(chunk, offset);
    const { fd, entry } = this.#open;
    for (let done = 0; done < chunk.length;) done += writeSync(fd, chunk, done, chunk.length - done, entry.sparse ? offset + done : null);
  }

  end(): void {
    if (!this.#open) return;
    const { fd, path, entry } = this.#open;
    this.#open = undefined;
    this.#observer?.end();
    try {
      if (entry.sparse) ftruncateSync(fd, entry.size);
      // Not before the content: writing takes a file's capabilities away.
      this.#setXattrs(entry, path);
      setTimesOfDescriptor(fd, entry);
    } finally {
      closeSync(fd);
    }
  }

  /** After the last entry. */
  finish(): void {
    for (const [path, moment] of this.#directoryTimes) {
      // A later entry may have put something else in a directory's place.
      if (path === '' || this.#tree.isDirectory(path)) setTimes(this.#tree.bytes(path), moment);
    }
  }

  get impliedDirectories(): string[] {
    return this.#tree.impliedDirectories;
  }

  /** Closes what a failure left open. Idempotent. */
  close(): void {
    if (this.#open) closeSync(this.#open.fd);
    this.#open = undefined;
  }
}

const isCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException | undefined)?.code === code;

const shown = (path: string): string => JSON.stringify(textOfName(path));
