import { closeSync, constants, openSync, readdirSync, readSync, type BigIntStats } from 'node:fs';
import { InvalidArgumentError } from '../../../api/errors.ts';
import { descriptorPath, isKernelFile, openDirectory, openNamed, readLinkDescriptor, statDescriptor, withDescriptor } from '../../linux/descriptor.ts';
import { xattrsOfDescriptor } from '../../linux/file-attributes.ts';
import { encodeTarEntry, TAR_END, tarPadding } from '../tar-encoder.ts';
import { type TarEntry, type TarEntryType, textOfName } from '../tar-entry.ts';

/** Takes bytes before it returns; what it is given is a view. */
export type ByteSink = (bytes: Uint8Array) => void;

const CHUNK_BYTES = 1024 * 1024;
/** PATH_MAX: what is deeper could be unpacked by nobody. */
const NAME_LIMIT_BYTES = 4095;

/**
 * Writes trees into a tar as they are found, one descriptor per level, names in the order of their bytes. Knows a file by its descriptor
 * from the first look to the last byte, so that nothing can be swapped in between; opens nothing but regular files and directories.
 * Synchronous: it runs in a thread of its own. What vanishes while it is looked at is left out. Sockets are left out, as docker does.
 */
export class TreePacker {
  readonly #sink: ByteSink;
  readonly #firstNames = new Map<string, string>();
  readonly #buffer = Buffer.allocUnsafe(CHUNK_BYTES);

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** Adds what a descriptor names, and everything below it, under `name` (a byte string; `` and `/` mean the root). */
  add(fd: number, name: string): void {
    const stats = statDescriptor(fd);
    if (stats.isDirectory() && isKernelFile(fd)) this.entry(fd, stats, name);
    else this.#add(fd, stats, name);
  }

  /** After the last one. */
  finish(): void {
    this.#sink(TAR_END);
  }

  #add(fd: number, stats: BigIntStats, name: string): void {
    if (name.length > NAME_LIMIT_BYTES) throw new InvalidArgumentError(`file name too long: ${textOfName(name).slice(0, 200)}…`);
    this.entry(fd, stats, name);
    if (stats.isDirectory()) this.#addChildren(fd, stats, name);
  }

  #addChildren(fd: number, stats: BigIntStats, name: string): void {
    const directory = openDirectory(fd);
    try {
      for (const child of listNames(directory)) this.#addChild(directory, stats.dev, child, name.endsWith('/') ? `${name}${child}` : `${name}/${child}`);
    } finally {
      closeSync(directory);
    }
  }

  #addChild(directory: number, parentDevice: bigint, child: string, name: string): void {
    const fd = openIfThere(directory, child);
    if (fd === undefined) return;
    withDescriptor(fd, () => {
      const stats = statDescriptor(fd);
      if (stats.dev === parentDevice || !isKernelFile(fd)) this.#add(fd, stats, name);
      else if (stats.isDirectory()) this.entry(fd, stats, name);
    });
  }

  /** One member without what is below it. */
  entry(fd: number, stats: BigIntStats, name: string): void {
    const type = typeOf(stats);
    if (type === undefined) return;
    const found: TarEntry = { ...plainEntry(name, type, stats), xattrs: carried(xattrsOfDescriptor(fd)) };
    if (!stats.isDirectory() && stats.nlink > 1n) {
      const key = `${stats.dev}:${stats.ino}`;
      const first = this.#firstNames.get(key);
      if (first !== undefined) {
        this.#sink(encodeTarEntry({ ...found, type: 'hardlink', linkName: first }));
        return;
      }
      this.#firstNames.set(key, name);
    }
    if (type === 'symlink') this.#sink(encodeTarEntry({ ...found, linkName: readLinkDescriptor(fd) }));
    else if (type === 'file') this.#file(fd, found);
    else this.#sink(encodeTarEntry(found));
  }

  /** A member without content: a mark. */
  mark(name: string): void {
    this.#sink(encodeTarEntry({ type: 'file', name, linkName: '', mode: 0, uid: 0, gid: 0, size: 0, mtime: 0, deviceMajor: 0, deviceMinor: 0, xattrs: NO_XATTRS }));
  }

  /** Exactly as many bytes as the header says, however the file changes meanwhile. */
  #file(named: number, entry: TarEntry): void {
    const fd = openSync(descriptorPath(named), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      this.#sink(encodeTarEntry(entry));
      let left = entry.size;
      while (left > 0) {
        const count = readSync(fd, this.#buffer, 0, Math.min(left, CHUNK_BYTES), null);
        if (count === 0) break;
        this.#sink(this.#buffer.subarray(0, count));
        left -= count;
      }
      if (left > 0) this.#buffer.fill(0);
      for (; left > 0; left -= Math.min(left, CHUNK_BYTES)) this.#sink(this.#buffer.subarray(0, Math.min(left, CHUNK_BYTES)));
      this.#sink(tarPadding(entry.size));
    } finally {
      closeSync(fd);
    }
  }
}

const NO_XATTRS: ReadonlyMap<string, Buffer> = new Map();

/** The names in an open directory, as byte strings, in the order of their bytes. */
export function listNames(directory: number): string[] {
  return readdirSync(descriptorPath(directory), { encoding: 'latin1' }).sort();
}

/** @returns undefined when it has gone */
export function openIfThere(directory: number, name: string): number | undefined {
  try {
    return openNamed(directory, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function typeOf(stats: BigIntStats): TarEntryType | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isCharacterDevice()) return 'char';
  if (stats.isBlockDevice()) return 'block';
  return stats.isFIFO() ? 'fifo' : undefined;
}

function plainEntry(name: string, type: TarEntryType, stats: BigIntStats): TarEntry {
  const isDevice = type === 'char' || type === 'block';
  return {
    type, name, linkName: '', mode: Number(stats.mode & 0o7777n), uid: Number(stats.uid), gid: Number(stats.gid), size: type === 'file' ? Number(stats.size) : 0,
    mtime: Number(stats.mtimeNs / 1_000_000_000n), xattrs: NO_XATTRS,
    deviceMajor: isDevice ? Number(((stats.rdev >> 8n) & 0xfffn) | ((stats.rdev >> 32n) & ~0xfffn)) : 0,
    deviceMinor: isDevice ? Number((stats.rdev & 0xffn) | ((stats.rdev >> 12n) & ~0xffn)) : 0,
  };
}

/** Capabilities and what users set: the rest belongs to this machine. */
function carried(xattrs: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  if (xattrs.size === 0) return xattrs;
  return new Map([...xattrs].filter(([name]) => name === 'security.capability' || (name.startsWith('user.') && !name.startsWith('user.overlay.'))));
}
