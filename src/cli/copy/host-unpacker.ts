import { execFile } from 'node:child_process';
import { chmod, link, lstat, lutimes, mkdir, open, rm, symlink, utimes } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { promisify } from 'node:util';
import { type TarEntry, textOfName } from '../../engine/archive/tar-entry.ts';
import { readTar } from '../../engine/archive/tar-reader.ts';

const run = promisify(execFile);

export interface Rename { from: string; to: string }

export interface UnpackOptions {
  directory: string;
  /** What the beginning of names becomes, one after the other. */
  renames: readonly Rename[];
}

/**
 * Lays a container's archive down on this machine, for the person who asked: owners are not taken over. Nothing outside the directory is
 * written, whatever the archive says: no name leads out, and none leads through a symlink. Directories and other things do not replace each other.
 * @throws Error in docker's words
 */
export async function unpackHost(archive: AsyncIterable<Uint8Array>, options: UnpackOptions): Promise<void> {
  const unpacker = new HostUnpacker(options);
  for await (const { entry, body } of readTar(archive)) await unpacker.add(entry, body);
  await unpacker.finish();
}

class HostUnpacker {
  readonly #options: UnpackOptions;
  readonly #known = new Set<string>();
  readonly #times: { path: string; mtime: number }[] = [];

  constructor(options: UnpackOptions) {
    this.#options = options;
  }

  async add(entry: TarEntry, body: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.#pathOf(entry.name);
    // The directory itself is there, and stays as it is.
    if (path === this.#options.directory) return;
    await this.#prepareParent(path);
    const there = await lstat(path).catch(() => undefined);
    if (there?.isDirectory() === true && entry.type !== 'directory') throw new Error(`cannot overwrite directory ${JSON.stringify(path)} with non-directory ${JSON.stringify(this.#options.directory)}`);
    if (there && !there.isDirectory() && entry.type === 'directory') throw new Error(`cannot overwrite non-directory ${JSON.stringify(path)} with directory ${JSON.stringify(this.#options.directory)}`);
    if (there && !there.isDirectory()) await rm(path);
    await this.#make(entry, path, body);
    if (entry.type === 'hardlink') return;
    if (entry.type !== 'symlink') await chmod(path, entry.mode);
    if (entry.type === 'directory') this.#times.push({ path, mtime: entry.mtime });
    else await lutimes(path, entry.mtime, entry.mtime);
  }

  async #make(entry: TarEntry, path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
    switch (entry.type) {
      case 'directory': await mkdir(path, { recursive: true }); break;
      case 'file': await writeNew(path, body); break;
      case 'symlink': await symlink(textOfName(entry.linkName), path); break;
      case 'hardlink': {
        const target = this.#pathOf(entry.linkName);
        await this.#prepareParent(target);
        await link(target, path);
        break;
      }
      case 'fifo': await run('mkfifo', [path]); break;
      default: await run('mknod', [path, entry.type === 'char' ? 'c' : 'b', String(entry.deviceMajor), String(entry.deviceMinor)]);
    }
  }

  #pathOf(name: string): string {
    const { directory, renames } = this.#options;
    const renamed = renames.reduce((text, { from, to }) => replaceFirst(text, from, to), textOfName(name));
    return join(directory, ...cleanName(renamed).split('/'));
  }

  /** Makes the directories on the way, and sees that each is one. */
  async #prepareParent(path: string): Promise<void> {
    const { directory } = this.#options;
    const below = path.slice(directory.length).split(sep).filter((part) => part !== '').slice(0, -1);
    let current = directory;
    for (const part of below) {
      current = join(current, part);
      if (this.#known.has(current)) continue;
      const stats = await lstat(current).catch(() => undefined);
      if (!stats) await mkdir(current);
      else if (!stats.isDirectory()) throw new Error(`${current}: not a directory`);
      this.#known.add(current);
    }
  }

  /** Directories get their times when nothing is made in them any more. */
  async finish(): Promise<void> {
    for (const { path, mtime } of this.#times) await utimes(path, mtime, mtime);
  }
}

/** Relative, without `.` and `..`. @throws Error when it leads out */
function cleanName(name: string): string {
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '..' && parts.pop() === undefined && !name.startsWith('/')) throw new Error(`${JSON.stringify(name)} is outside of the destination`);
    if (part !== '' && part !== '.' && part !== '..') parts.push(part);
  }
  if (parts.some((part) => part.includes('\0') || part.includes(sep))) throw new Error(`${JSON.stringify(name)} is no name on this machine`);
  return parts.join('/');
}

export function replaceFirst(text: string, from: string, to: string): string {
  const start = text.indexOf(from);
  return start === -1 ? text : text.slice(0, start) + to + text.slice(start + from.length);
}

async function writeNew(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of body) await file.writeFile(chunk);
  } finally {
    await file.close();
  }
}
