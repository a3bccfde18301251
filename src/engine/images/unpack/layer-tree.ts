import { lstatSync, mkdirSync, readlinkSync } from 'node:fs';
import { InvalidArgumentError } from '../../../api/errors.ts';
import { nameOfText, textOfName } from '../../archive/tar-entry.ts';

const SYMLINKS_LIMIT = 255;
const NAME_LIMIT_BYTES = 4095;
const IMPLIED_LIMIT = 1000;

/** A byte string for a system call. ASCII needs no copy. */
export function pathOf(name: string): string | Buffer {
  return /^[\x00-\x7f]*$/.test(name) ? name : Buffer.from(name, 'latin1');
}

export function bytesOf(name: string): Buffer {
  return Buffer.from(name, 'latin1');
}

/**
 * The names below one directory, and the promise that none of them leads out of it. Names are byte strings relative to the root, cleaned: no
 * leading slash, no `.`, no `..`. Every directory on the way is looked at once (lstat) and remembered, so a symlink is never passed
 * unseen; one that an archive put there is followed as a process chrooted into the root would follow it. Nobody else changes the tree.
 */
export class LayerTree {
  readonly #root: string;
  readonly #directories = new Set(['']);
  readonly #implied = new Set(['']);

  constructor(root: string) {
    this.#root = nameOfText(root);
  }

  path(name: string): string | Buffer {
    return pathOf(this.#absolute(name));
  }

  bytes(name: string): Buffer {
    return bytesOf(this.#absolute(name));
  }

  #absolute(name: string): string {
    return name === '' ? this.#root : `${this.#root}/${name}`;
  }

  join(parent: string, base: string): string {
    return parent === '' ? base : `${parent}/${base}`;
  }

  /** The name of an entry, relative to the root, with `.` and `..` worked out. @throws InvalidArgumentError when it leads out of the root */
  clean(name: string): string {
    if (name.includes('\0')) throw new InvalidArgumentError('invalid layer: a name holds a NUL');
    if (name.length > NAME_LIMIT_BYTES) throw new InvalidArgumentError(`invalid layer: a name of ${name.length} bytes is longer than Linux allows`);
    const parts: string[] = [];
    for (const part of name.split('/')) {
      if (part === '..') {
        // In an absolute name `..` stops at the root, as in the file system.
        if (parts.pop() === undefined && !name.startsWith('/')) throw new InvalidArgumentError(`invalid layer: ${JSON.stringify(textOfName(name))} leads out of it`);
      } else if (part !== '' && part !== '.') parts.push(part);
    }
    return parts.join('/');
  }

  isDirectory(name: string): boolean {
    if (this.#directories.has(name)) return true;
    const found = lstatSync(this.path(name), { throwIfNoEntry: false })?.isDirectory() === true;
    if (found) this.#directories.add(name);
    return found;
  }

  addDirectory(name: string): void {
    this.#directories.add(name);
  }

  /** The archive says itself how this directory is to be. */
  declareDirectory(name: string): void {
    this.#implied.delete(name);
  }

  /** Directories that are only on the way to something, so that nothing is said of them: the root counts, and no more than a thousand others. */
  get impliedDirectories(): string[] {
    return [...this.#implied];
  }

  /** Something was removed: what is known about it and below it no longer holds. */
  forget(name: string): void {
    if (!this.#directories.delete(name)) return;
    this.#implied.delete(name);
    for (const known of [...this.#directories, ...this.#implied]) {
      if (!known.startsWith(`${name}/`)) continue;
      this.#directories.delete(known);
      this.#implied.delete(known);
    }
  }

  /** The real name of a directory, made if it is not there. @throws InvalidArgumentError when something on the way is no directory */
  resolveDirectory(name: string): string {
    if (this.#directories.has(name)) return name;
    const found = this.#resolve(name, true);
    if (found === undefined) throw new InvalidArgumentError(`invalid layer: ${JSON.stringify(textOfName(name))} is no directory`);
    return found;
  }

  /** The real name of something whose directory exists, or undefined; the last part is not followed. */
  resolveParent(name: string): string | undefined {
    const slash = name.lastIndexOf('/');
    const parent = slash === -1 ? '' : this.#resolve(name.slice(0, slash), false);
    return parent === undefined || name === '' ? undefined : this.join(parent, name.slice(slash + 1));
  }

  #resolve(name: string, make: boolean): string | undefined {
    let current = '';
    let symlinks = 0;
    const rest = name === '' ? [] : name.split('/').reverse();
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === '' || part === '.') continue;
      if (part === '..') { current = current.slice(0, Math.max(current.lastIndexOf('/'), 0)); continue; }
      const next = this.join(current, part);
      if (this.#directories.has(next)) { current = next; continue; }
      const stats = lstatSync(this.path(next), { throwIfNoEntry: false });
      if (stats?.isSymbolicLink() === true) {
        symlinks += 1;
        if (symlinks > SYMLINKS_LIMIT) return undefined;
        const target = readlinkSync(this.path(next), { encoding: 'latin1' });
        if (target.startsWith('/')) current = '';
        rest.push(...target.split('/').reverse());
        continue;
      }
      if (!stats && make) {
        mkdirSync(this.path(next), 0o755);
        if (this.#implied.size <= IMPLIED_LIMIT) this.#implied.add(next);
      } else if (stats?.isDirectory() !== true) return undefined;
      this.#directories.add(next);
      current = next;
    }
    return current;
  }
}
