import { chmodSync, chownSync, closeSync, constants, fchmodSync, fchownSync, ftruncateSync, linkSync, lstatSync, mkdirSync, openSync, symlinkSync, writeSync } from 'node:fs';
import { InvalidArgumentError } from '../../../api/errors.ts';
import { descriptorPath, isKernelFile, openNamed, statDescriptor, withDescriptor } from '../../linux/descriptor.ts';
import { makeNode, setXattrOfDescriptor } from '../../linux/file-attributes.ts';
import { type Moment, setTimes, setTimesOfDescriptor } from '../../linux/file-times.ts';
import { O_PATH, openBelow } from '../../linux/open-in-root.ts';
import { type TarEntry, textOfName } from '../tar-entry.ts';
import type { TarHandler } from '../tar-parser.ts';
import { removeTree } from './remove-tree.ts';
import { bytes, cleanParts } from './rooted-path.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
const FILE_TYPES = { char: 0o020000, block: 0o060000, fifo: 0o010000 } as const;

export interface UnpackOptions {
  /** The root that nothing leads out of (O_PATH). */
  root: number;
  /** The directory in it that names start from, as a byte string: absolute, without symlinks. */
  destination: string;
  /** Refuse to put a directory in the place of something else, or the other way round. */
  keepKinds: boolean;
  /** Who is to own everything; absent: as the archive says. */
  owner?: { uid: number; gid: number };
}

/**
 * Lays an archive's members down in a tree that somebody else may be changing. A directory is resolved inside the root and held by descriptor
 * while something is made in it; what is made is new (O_EXCL, no symlink followed) and is finished by descriptor. Symlinks on the way are
 * followed inside the root, as a process in there would. Synchronous: it runs in a thread of its own.
 */
export class TreeUnpacker implements TarHandler {
  readonly #options: UnpackOptions;
  /** The directory of the member before: most members follow one another in it. */
  #parent: { path: string; fd: number } | undefined;
  #open: { fd: number; entry: TarEntry } | undefined;
  readonly #directoryTimes = new Map<string, Moment>();

  constructor(options: UnpackOptions) {
    this.#options = options;
  }

  entry(entry: TarEntry): void {
    const parts = this.#clean(entry.name, entry.name);
    const base = parts.pop();
    if (base === undefined) return;
    const parentPath = this.#path(parts);
    const parent = this.#parentOf(parts);
    if (entry.type === 'directory') this.#directory(entry, parent, base, `${parentPath}/${base}`);
    else {
      this.#makeRoom(entry, parent, base);
      if (entry.type === 'file') this.#file(entry, parent, base);
      else if (entry.type === 'hardlink') this.#link(entry, parent, base);
      else this.#special(entry, parent, base);
    }
  }

  #path(parts: readonly string[]): string {
    return [this.#options.destination === '/' ? '' : this.#options.destination, ...parts].join('/');
  }

  /** The parts of a member's name. @throws InvalidArgumentError when it leads out of the destination */
  #clean(name: string, shown: string): string[] {
    if (name.includes('\0')) throw new InvalidArgumentError('invalid tar header: a name holds a NUL');
    let depth = 0;
    for (const part of name.split('/')) {
      if (part === '..') depth -= 1;
      else if (part !== '' && part !== '.') depth += 1;
      if (depth < 0 && !name.startsWith('/')) throw new InvalidArgumentError(`${quoted(shown)} is outside of ${quoted(this.#options.destination)}`);
      depth = Math.max(depth, 0);
    }
    return cleanParts(name);
  }

  #parentOf(parts: readonly string[]): number {
    const path = this.#path(parts);
    if (this.#parent?.path === path) return this.#parent.fd;
    this.#releaseParent();
    const fd = this.#openDirectory(path) ?? this.#makeParents(parts);
    this.#parent = { path, fd };
    if (isKernelFile(fd)) throw new InvalidArgumentError(`${quoted(path)} is on a file system of the kernel`);
    return fd;
  }

  /** Undefined when it is not there. */
  #openDirectory(path: string): number | undefined {
    try {
      return openBelow(this.#options.root, bytes(path), O_PATH | O_DIRECTORY);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      return undefined;
    }
  }

  #makeParents(parts: readonly string[]): number {
    for (let count = 1; count <= parts.length; count += 1) {
      const path = this.#path(parts.slice(0, count));
      const there = this.#openDirectory(path);
      if (there !== undefined) { closeSync(there); continue; }
      const above = openBelow(this.#options.root, bytes(this.#path(parts.slice(0, count - 1))), O_PATH | O_DIRECTORY);
      withDescriptor(above, () => { mkdirSync(descriptorPath(above, parts[count - 1]), 0o755); });
    }
    return openBelow(this.#options.root, bytes(this.#path(parts)), O_PATH | O_DIRECTORY);
  }

  #releaseParent(): void {
    if (this.#parent) closeSync(this.#parent.fd);
    this.#parent = undefined;
  }

  #directory(entry: TarEntry, parent: number, base: string, path: string): void {
    const there = lstatSync(descriptorPath(parent, base), { throwIfNoEntry: false });
    if (there && !there.isDirectory() && this.#options.keepKinds) throw new InvalidArgumentError(`cannot overwrite non-directory ${quoted(path)} with directory ${quoted(this.#options.destination)}`);
    if (there?.isDirectory() !== true) {
      if (there) removeTree(parent, base);
      mkdirSync(descriptorPath(parent, base), entry.mode & 0o777);
    }
    withDescriptor(openNamed(parent, base), (fd) => {
      // Swapped in this very moment: what is there now is not ours to change.
      if (!statDescriptor(fd).isDirectory()) return;
      this.#decorate(fd, entry);
    });
    this.#directoryTimes.set(path, entry);
  }

  /** Removes what a member that is no directory replaces. */
  #makeRoom(entry: TarEntry, parent: number, base: string): void {
    const there = lstatSync(descriptorPath(parent, base), { throwIfNoEntry: false });
    if (!there) return;
    if (there.isDirectory() && this.#options.keepKinds) {
      throw new InvalidArgumentError(`cannot overwrite directory ${quoted(`${this.#parent?.path ?? ''}/${base}`)} with non-directory ${quoted(entry.name)}`);
    }
    removeTree(parent, base);
  }

  #file(entry: TarEntry, parent: number, base: string): void {
    const fd = openSync(descriptorPath(parent, base), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, entry.mode & 0o777);
    this.#open = { fd, entry };
    const { uid, gid } = this.#options.owner ?? entry;
    fchownSync(fd, uid, gid);
    // The umask may have taken bits away, and chown takes setuid.
    fchmodSync(fd, entry.mode);
  }

  #link(entry: TarEntry, parent: number, base: string): void {
    const parts = this.#clean(entry.linkName, entry.linkName);
    const target = parts.pop();
    if (target === undefined) throw new InvalidArgumentError(`invalid hardlink ${quoted(entry.name)} -> ${quoted(entry.linkName)}`);
    const directory = openBelow(this.#options.root, bytes(this.#path(parts)), O_PATH | O_DIRECTORY);
    withDescriptor(directory, () => { linkSync(descriptorPath(directory, target), descriptorPath(parent, base)); });
  }

  #special(entry: TarEntry, parent: number, base: string): void {
    if (entry.type === 'symlink') symlinkSync(bytes(entry.linkName), descriptorPath(parent, base));
    else if (entry.type === 'char' || entry.type === 'block' || entry.type === 'fifo') {
      makeNode(descriptorPath(parent, base), FILE_TYPES[entry.type] | entry.mode, { major: entry.deviceMajor, minor: entry.deviceMinor });
    }
    withDescriptor(openNamed(parent, base), (fd) => {
      const stats = statDescriptor(fd);
      if (stats.isDirectory() || stats.isFile()) return;
      this.#decorate(fd, entry);
      setTimes(descriptorPath(fd), entry, { follow: true });
    });
  }

  /** Owner, mode and attributes of what is no file, by a descriptor that names it. The order matters: chown clears setuid. */
  #decorate(fd: number, entry: TarEntry): void {
    const { uid, gid } = this.#options.owner ?? entry;
    chownSync(descriptorPath(fd), uid, gid);
    if (!statDescriptor(fd).isSymbolicLink()) chmodSync(descriptorPath(fd), entry.mode);
    setXattrs(fd, entry);
  }

  data(chunk: Uint8Array, offset: number): void {
    if (!this.#open) return;
    const { fd, entry } = this.#open;
    for (let done = 0; done < chunk.length;) done += writeSync(fd, chunk, done, chunk.length - done, entry.sparse ? offset + done : null);
  }

  end(): void {
    if (!this.#open) return;
    const { fd, entry } = this.#open;
    this.#open = undefined;
    withDescriptor(fd, () => {
      if (entry.sparse) ftruncateSync(fd, entry.size);
      // Not before the content: writing takes a file's capabilities away.
      setXattrs(fd, entry);
      setTimesOfDescriptor(fd, entry);
    });
  }

  /** After the last member: directories get their times when nothing is made in them any more. */
  finish(): void {
    for (const [path, moment] of this.#directoryTimes) {
      const fd = this.#openDirectory(path);
      if (fd !== undefined) withDescriptor(fd, () => { setTimes(descriptorPath(fd), moment, { follow: true }); });
    }
  }

  /** Closes what is open, also after a failure. Idempotent. */
  close(): void {
    this.#releaseParent();
    if (this.#open) closeSync(this.#open.fd);
    this.#open = undefined;
  }
}

function setXattrs(fd: number, entry: TarEntry): void {
  for (const [name, value] of entry.xattrs) {
    // Overlayfs' own marks would change what is below.
    if (/^(trusted|user)\.overlay\./.test(name)) continue;
    try {
      setXattrOfDescriptor(fd, name, value);
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && !(code === 'EPERM' && name.startsWith('user.'))) throw error;
    }
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code;

const quoted = (name: string): string => JSON.stringify(textOfName(name));
