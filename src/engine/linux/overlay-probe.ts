import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../api/errors.ts';
import { libc } from './libc.ts';
import { mount } from './mount.ts';

/**
 * Whether overlayfs can stand on the file system of `directory`, found out by mounting one (it cannot on another overlay or on 9p).
 * @returns undefined if it can, otherwise why not
 */
export function whyNoOverlay(directory: string): string | undefined {
  const probe = join(directory, `.overlay-probe-${String(process.pid)}`);
  const paths = Object.fromEntries(['lower', 'upper', 'work', 'merged'].map((name) => [name, join(probe, name)]));
  try {
    for (const path of Object.values(paths)) mkdirSync(path, { recursive: true, mode: 0o700 });
    mount({ type: 'overlay', source: 'overlay', options: [`lowerdir=${paths['lower'] ?? ''}`, `upperdir=${paths['upper'] ?? ''}`, `workdir=${paths['work'] ?? ''}`] }, paths['merged'] ?? '');
    libc.umount2(paths['merged'] ?? '', 0);
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}
