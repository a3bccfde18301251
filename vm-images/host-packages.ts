import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ARCHES, type Arch } from './recipe.ts';

/** Debian packages that building the guest needs and this machine lacks; empty when the image can be built. */
export function missingHostPackages(arch: Arch = process.arch === 'arm64' ? 'arm64' : 'amd64'): string[] {
  const facts = ARCHES[arch];
  const needs: readonly (readonly [program: string, debian: string])[] = [['mksquashfs', 'squashfs-tools'], ['dpkg-deb', 'dpkg'], ['apt-get', 'apt'], [facts.gcc, facts.gccDebian], [facts.strip, facts.gccDebian]];
  return [...new Set(needs.filter(([program]) => !isPresent(program)).flatMap(([, debian]) => debian.split(' ')))];
}

export function isPresent(program: string): boolean {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
