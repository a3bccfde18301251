import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import * as hostPaths from 'node:path';
import { ExitError } from '../exit.ts';
import { clean, endsInSeparator, followedPath, meansContents, type Source, splitEntry, type Target } from './copy-paths.ts';

const { basename, dirname, isAbsolute, join, resolve, sep } = hostPaths;
const LINKS_LIMIT = 10;

/** Absolute, with `/.` and `/` at the end kept. */
export function absolutePath(path: string): string {
  const whole = resolve(path);
  if (meansContents(path, hostPaths) && !meansContents(whole, hostPaths)) return join(whole, sep) + '.';
  return endsInSeparator(path, hostPaths) && !endsInSeparator(whole, hostPaths) ? `${whole}${sep}` : whole;
}

/** What a path of this machine is, to be copied from. @throws an error with `code` */
export async function sourceOnHost(path: string, followLink: boolean): Promise<Source> {
  const found = followLink ? followedPath(path, await realpath(path), hostPaths) : await besideLink(path);
  return { ...found, isDirectory: (await lstat(found.path)).isDirectory() };
}

/** Symlinks on the way are followed, one in the last place is itself. */
async function besideLink(path: string): Promise<{ path: string; rebaseName: string }> {
  const last = endsInSeparator(path, hostPaths) ? '' : meansContents(path, hostPaths) ? '.' : basename(path);
  const above = last === '' || last === '.' ? path.slice(0, path.length - last.length) : dirname(path);
  const directory = await realpath(above);
  const whole = last === '' ? `${directory}${directory.endsWith(sep) ? '' : sep}` : `${directory}${directory.endsWith(sep) ? '' : sep}${last}`;
  return { path: whole, rebaseName: last === '' && basename(path) !== basename(whole) ? basename(path) : '' };
}

/** What a path of this machine is, to be copied to. @throws ExitError in docker's words, or an error with `code` */
export async function targetOnHost(path: string): Promise<Target> {
  await checkOutput(path);
  let current = path;
  let stats = await lstat(current).catch(ifAbsent);
  for (let links = 0; stats?.isSymbolicLink() === true; links += 1) {
    if (links > LINKS_LIMIT) throw new Error(`too many symlinks in ${path}`);
    const target = await readlink(current);
    current = isAbsolute(target) ? target : join(splitEntry(current, hostPaths).directory, target);
    stats = await lstat(current).catch(ifAbsent);
  }
  if (stats) return { path: current, exists: true, isDirectory: stats.isDirectory() };
  if (!(await stat(splitEntry(current, hostPaths).directory)).isDirectory()) throw new Error('not a directory');
  return { path: current, exists: false, isDirectory: false };
}

async function checkOutput(path: string): Promise<void> {
  const directory = dirname(clean(path, hostPaths));
  if (await stat(directory).catch(ifAbsent) === undefined) throw new ExitError(1, `invalid output path: directory ${JSON.stringify(directory)} does not exist`);
  const stats = await stat(path).catch(() => undefined);
  if (stats && !stats.isDirectory() && !stats.isFile()) throw new ExitError(1, `invalid output path: ${JSON.stringify(path)} must be a directory or a regular file: got ${stats.isCharacterDevice() || stats.isBlockDevice() ? 'a device' : 'an irregular file'}`);
}

function ifAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
