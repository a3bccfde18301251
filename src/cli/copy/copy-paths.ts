import { isAbsolute, posix } from 'node:path';

/** The rules of `docker cp` for names: pure, and the same for the container's side and, with the machine's own separators, for ours. */

export interface CopyArgument {
  /** Absent: a file of this machine. */
  container: string | undefined;
  path: string;
}

/** `web:/etc/passwd`, `./a:b`, `C:\x`, `-`. */
export function parseCopyArgument(text: string): CopyArgument {
  const colon = text.indexOf(':');
  if (isAbsolute(text) || colon === -1 || text.startsWith('.')) return { container: undefined, path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

type Paths = Pick<typeof posix, 'normalize' | 'dirname' | 'basename' | 'sep'>;

/** Whether a path ends in a separator. */
export function endsInSeparator(path: string, { sep }: Pick<Paths, 'sep'> = posix): boolean {
  return path.endsWith(sep) || path.endsWith('/');
}

/** Whether a path means what a directory holds: `.` or something that ends in `/.`. */
export function meansContents(path: string, paths: Paths = posix): boolean {
  return paths.basename(path) === '.';
}

/** Go's filepath.Clean. */
export function clean(path: string, paths: Paths = posix): string {
  const normal = paths.normalize(path === '' ? '.' : path);
  return normal.length > 1 && endsInSeparator(normal, paths) ? normal.slice(0, -1) : normal;
}

/** The directory and the entry in it that a path names; the entry is `.` where it means what the directory holds. */
export function splitEntry(path: string, paths: Paths = posix): { directory: string; base: string } {
  const whole = clean(path, paths);
  if (meansContents(path, paths)) return { directory: whole, base: '.' };
  return { directory: paths.dirname(whole), base: paths.basename(whole) === '' ? paths.sep : paths.basename(whole) };
}

/** What is copied, and what is known of where it goes. */
export interface Source { path: string; isDirectory: boolean; rebaseName: string }
export interface Target { path: string; exists: boolean; isDirectory: boolean }

export interface CopyPlan {
  /** Where the archive is laid down. */
  directory: string;
  /** The first name in the archive, and what it becomes. */
  rename: { from: string; to: string } | undefined;
}

/** Where an archive goes and under what name. @throws Error in docker's words */
export function planCopy(source: Source, target: Target, paths: { source: Paths; target: Paths }): CopyPlan {
  const { directory, base } = splitEntry(target.path, paths.target);
  const from = source.rebaseName === '' ? splitEntry(source.path, paths.source).base : source.rebaseName;
  if (target.exists && target.isDirectory) return { directory: target.path, rename: undefined };
  if (target.exists && source.isDirectory) throw new Error('cannot copy directory');
  if (!target.exists && !source.isDirectory && (endsInSeparator(target.path, paths.target) || meansContents(target.path, paths.target))) throw new Error('no such directory');
  return { directory, rename: { from: from === '/' ? '' : from, to: base } };
}

/** Where a followed symlink leads, written as the path was (`/.` and `/` at its end are kept), and the name that the archive must keep. */
export function followedPath(path: string, target: string, paths: Paths = posix): { path: string; rebaseName: string } {
  let resolved = target;
  if (meansContents(path, paths) && !meansContents(target, paths)) resolved += `${paths.sep}.`;
  if (endsInSeparator(path, paths) && !endsInSeparator(resolved, paths)) resolved += paths.sep;
  const base = (text: string): string => (meansContents(text, paths) ? '.' : paths.basename(text));
  return { path: resolved, rebaseName: base(path) === base(resolved) ? '' : base(path) };
}
