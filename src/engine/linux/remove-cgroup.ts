import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const MOUNT = '/sys/fs/cgroup';

/**
 * Removes a cgroup and what was made below it, in every hierarchy (v1, hybrid, v2). A cgroup that is not there is fine.
 * @returns false when one could not be removed, because processes are still in it
 */
export function removeCgroup(cgroupPath: string): boolean {
  return hierarchies().map((hierarchy) => removeTree(join(hierarchy, cgroupPath))).every(Boolean);
}

export function cgroupExists(cgroupPath: string): boolean {
  return hierarchies().some((hierarchy) => existsSync(join(hierarchy, cgroupPath)));
}

function hierarchies(): string[] {
  return existsSync(join(MOUNT, 'cgroup.controllers')) ? [MOUNT] : readdirSync(MOUNT).map((name) => join(MOUNT, name));
}

/** Children first: rmdir(2) on a cgroup needs it empty of cgroups and processes. Its files are the kernel's. */
function removeTree(directory: string): boolean {
  try {
    const children = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    if (!children.map((child) => removeTree(join(directory, child.name))).every(Boolean)) return false;
    rmdirSync(directory);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
  }
}
