import { closeSync, constants } from 'node:fs';
import { InvalidArgumentError, NotFoundError } from '../../../api/errors.ts';
import { isKernelFile, openNamed, readLinkDescriptor, statDescriptor, withDescriptor } from '../../linux/descriptor.ts';
import { O_PATH, openBelow } from '../../linux/open-in-root.ts';
import { nameOfText, textOfName } from '../tar-entry.ts';

/**
 * Paths of a tree as a client names them, below a root that is open. Byte strings throughout. Whatever the tree's owner does to it meanwhile,
 * nothing outside the root is reached: each step is openat2 inside the root.
 */

/** A client's path, worked out without looking: absolute, no `.` or `..` but for a last `/.`, and a last `/` kept. */
export interface CleanPath {
  /** The directory that the last part lies in. */
  parent: string;
  /** `.` or empty where the path says that it means what a directory holds. */
  base: string;
  /** What to call it: the last part, `/` for the root, `.` for what a directory holds. */
  name: string;
}

/** @throws InvalidArgumentError for what can be no path */
export function cleanPath(text: string): CleanPath {
  if (text.includes('\0')) throw new InvalidArgumentError('invalid path: it holds a NUL');
  const path = nameOfText(text);
  const parts = cleanParts(path);
  const ending = path === '.' || path.endsWith('/.') ? '/.' : path.endsWith('/') && parts.length > 0 ? '/' : '';
  if (ending !== '') return { parent: `/${parts.join('/')}`, base: ending.slice(1), name: ending === '/.' ? '.' : (parts.at(-1) ?? '/') };
  return { parent: `/${parts.slice(0, -1).join('/')}`, base: parts.at(-1) ?? '', name: parts.at(-1) ?? '/' };
}

/** The parts of a path, `.` and `..` worked out; `..` stops at the root. */
export function cleanParts(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

/**
 * Names what a client's path means; a symlink in the last place is itself, unless the path goes on after it.
 * @returns a descriptor that the caller closes
 * @throws NotFoundError, InvalidArgumentError when a part of it is no directory or leads in a circle
 */
export function openPath(root: number, path: CleanPath): number {
  const fd = translated(path, () => {
    const parent = openBelow(root, bytes(path.parent), O_PATH | constants.O_DIRECTORY);
    if (path.base === '' || path.base === '.') return parent;
    return withDescriptor(parent, () => openNamed(parent, path.base));
  });
  // Where a kernel's file system is mounted, an empty directory is shown, as if it were not.
  if (!isKernelFile(fd)) return fd;
  if (statDescriptor(fd).isDirectory() && !isBelowKernel(root, path)) return fd;
  closeSync(fd);
  throw new NotFoundError(`no such file or directory: ${shown(path)}`);
}

function isBelowKernel(root: number, path: CleanPath): boolean {
  const above = path.base === '' || path.base === '.' ? `${path.parent}/..` : path.parent;
  return withDescriptor(openBelow(root, bytes(above), O_PATH), isKernelFile);
}

/** As `openPath`, for a directory to write into: a symlink in the last place is followed. @returns also where it really is */
export function openTarget(root: number, text: string): { fd: number; path: string } {
  const wanted = cleanPath(text);
  const path = translated(wanted, () => resolveLinks(root, wholePath(wanted)));
  const fd = translated(wanted, () => openBelow(root, bytes(path), O_PATH));
  if (!statDescriptor(fd).isDirectory()) {
    closeSync(fd);
    throw new InvalidArgumentError('extraction point is not a directory');
  }
  if (isKernelFile(fd)) {
    closeSync(fd);
    throw new NotFoundError(`no such file or directory: ${shown(wanted)}`);
  }
  return { fd, path };
}

const LINKS_LIMIT = 255;

/** Where a path leads when all its symlinks are followed inside the root; what is not there counts as no symlink. @throws an error with `code` */
export function resolveLinks(root: number, path: string): string {
  const done: string[] = [];
  const rest = path.split('/').reverse();
  let links = 0;
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') { done.pop(); continue; }
    const target = linkTarget(root, `/${[...done, part].join('/')}`);
    if (target === undefined) { done.push(part); continue; }
    links += 1;
    if (links > LINKS_LIMIT) throw Object.assign(new Error(`too many links in ${textOfName(path)}`), { code: 'ELOOP' });
    if (target.startsWith('/')) done.length = 0;
    rest.push(...target.split('/').reverse());
  }
  return `/${done.join('/')}`;
}

function linkTarget(root: number, path: string): string | undefined {
  let fd;
  try {
    fd = openBelow(root, bytes(path), O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return withDescriptor(fd, () => (statDescriptor(fd).isSymbolicLink() ? readLinkDescriptor(fd) : undefined));
}

export function bytes(name: string): Buffer {
  return Buffer.from(name, 'latin1');
}

function wholePath({ parent, base }: CleanPath): string {
  return `${parent === '/' ? '' : parent}/${base}`;
}

function shown(path: CleanPath): string {
  return textOfName(wholePath(path));
}

function translated<T>(path: CleanPath, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new NotFoundError(`no such file or directory: ${shown(path)}`, { cause });
    if (code === 'ENOTDIR') throw new InvalidArgumentError(`not a directory: ${shown(path)}`, { cause });
    if (code === 'ELOOP') throw new InvalidArgumentError(`too many links in ${shown(path)}`, { cause });
    if (code === 'ENAMETOOLONG') throw new InvalidArgumentError(`file name too long: ${shown(path)}`, { cause });
    throw cause;
  }
}
