import { rm } from 'node:fs/promises';
import { exec } from '../src/base/exec.ts';
import { SOURCE_DATE_EPOCH } from './recipe.ts';

/**
 * Writes a reproducible squashfs: owner 0, one time, files in order of their names. lz4, because a guest under emulation spends seconds on zstd
 * where it spends tenths on lz4; 128 KiB blocks read best (figures in README.md).
 */
export async function squashfs(folder: string, image: string): Promise<void> {
  await rm(image, { force: true });
  const time = String(SOURCE_DATE_EPOCH);
  const { SOURCE_DATE_EPOCH: _ignored, ...env } = process.env; // mksquashfs refuses the variable beside the options
  await exec('mksquashfs', [folder, image, '-comp', 'lz4', '-Xhc', '-b', '128K', '-all-root', '-mkfs-time', time, '-all-time', time, '-no-xattrs', '-no-exports', '-noappend', '-quiet', '-no-progress'], { env });
}
