import { closeSync, constants } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { exec } from '../../base/exec.ts';
import type { Logger } from '../../base/log.ts';
import { openInRoot } from '../linux/open-in-root.ts';

/**
 * Fills an empty volume with what an image has at the place where the volume will be mounted, owners, modes, times and extended
 * attributes kept. The path is resolved inside the image: its symlinks cannot lead out. Does nothing where the image has no
 * directory there, or the volume holds something.
 */
export async function copyUp(options: { rootfs: string; path: string; volume: string; log: Logger }): Promise<void> {
  if ((await readdir(options.volume)).length > 0) return;
  let fd;
  try {
    fd = openInRoot(options.rootfs, options.path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch {
    return;
  }
  try {
    await exec('cp', ['-a', '--', `/proc/${String(process.pid)}/fd/${String(fd)}/.`, options.volume], { log: options.log });
  } finally {
    closeSync(fd);
  }
}
