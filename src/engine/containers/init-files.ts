import { closeSync, constants, lstatSync, mkdirSync, openSync, symlinkSync } from 'node:fs';
import { openInRoot } from '../linux/open-in-root.ts';

/** What every container has, whatever its image: by it programs know that they are in one. Source: moby, daemon/initlayer. */
const ENTRIES: readonly { name: string; parent: string; kind: 'directory' | 'file' | 'link' }[] = [
  { parent: '/', name: 'dev', kind: 'directory' }, { parent: '/', name: 'etc', kind: 'directory' }, { parent: '/', name: 'proc', kind: 'directory' },
  { parent: '/', name: 'sys', kind: 'directory' }, { parent: '/', name: '.dockerenv', kind: 'file' },
  { parent: '/dev', name: 'pts', kind: 'directory' }, { parent: '/dev', name: 'shm', kind: 'directory' }, { parent: '/dev', name: 'console', kind: 'file' },
  { parent: '/etc', name: 'hosts', kind: 'file' }, { parent: '/etc', name: 'hostname', kind: 'file' }, { parent: '/etc', name: 'resolv.conf', kind: 'file' },
  { parent: '/etc', name: 'mtab', kind: 'link' },
];
const MODE = 0o755;
/** The one of them that has content of its own. */
export const MTAB = { path: 'etc/mtab', target: '/proc/mounts' } as const;

/** Makes in a root file system what is missing of it. An image in which something else stands in the way is left as it is. */
export function makeInitFiles(rootfs: string): void {
  for (const { parent, name, kind } of ENTRIES) {
    try {
      // Links of the image lead nowhere but into its own tree.
      const directory = openInRoot(rootfs, parent, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        makeIfMissing(`/proc/self/fd/${String(directory)}/${name}`, kind);
      } finally {
        closeSync(directory);
      }
    } catch (error) {
      if (!isInTheWay(error)) throw error;
    }
  }
}

function makeIfMissing(path: string, kind: 'directory' | 'file' | 'link'): void {
  if (lstatSync(path, { throwIfNoEntry: false })) return;
  if (kind === 'directory') mkdirSync(path, { mode: MODE });
  else if (kind === 'link') symlinkSync(MTAB.target, path);
  else closeSync(openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, MODE));
}

function isInTheWay(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTDIR' || error.code === 'ENOENT' || error.code === 'ELOOP');
}
