import { closeSync, constants, openSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { descriptorPath } from '../../linux/descriptor.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/**
 * Removes what has this name in an open directory, and everything below it, following no symlink, whatever is swapped meanwhile. Fine when it
 * is not there. @throws an error with `code`, `EBUSY` for what something is mounted on
 */
export function removeTree(directory: number, name: string): void {
  const path = descriptorPath(directory, name);
  try {
    unlinkSync(path);
    return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    if (code !== 'EISDIR' && code !== 'EPERM') throw error;
  }
  const below = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    for (const child of readdirSync(descriptorPath(below), { encoding: 'latin1' })) removeTree(below, child);
  } finally {
    closeSync(below);
  }
  rmdirSync(path);
}
