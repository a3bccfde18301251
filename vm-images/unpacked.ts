import { existsSync, realpathSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../src/base/exec.ts';
import type { DebianPackage } from './apt.ts';
import { UNMERGED } from './recipe.ts';

/** Debian packages unpacked side by side, one folder each, without running any of their scripts. */
export class UnpackedPackages {
  readonly #folders: { name: string; folder: string }[];
  readonly #used = new Set<string>();

  private constructor(folders: { name: string; folder: string }[]) {
    this.#folders = folders;
  }

  static async unpack(packages: readonly DebianPackage[], files: readonly string[], directory: string): Promise<UnpackedPackages> {
    const folders: { name: string; folder: string }[] = [];
    for (const [index, { name }] of packages.entries()) {
      const folder = join(directory, name);
      await mkdir(folder, { recursive: true });
      await exec('dpkg-deb', ['-x', files[index] ?? '', folder]);
      folders.push({ name, folder });
    }
    return new UnpackedPackages(folders);
  }

  /** Packages of which something was taken. */
  get used(): ReadonlySet<string> {
    return this.#used;
  }

  /** Where the file used at `path` (absolute, in the guest) lies, with symlinks followed inside its package; undefined when no package has it. */
  find(path: string): string | undefined {
    const candidates = [path, ...UNMERGED.filter(([merged]) => path.startsWith(merged)).map(([merged, old]) => old + path.slice(merged.length))];
    for (const { name, folder } of this.#folders) {
      for (const candidate of candidates) {
        if (!existsSync(join(folder, candidate))) continue;
        this.#used.add(name);
        return realpathSync(join(folder, candidate));
      }
    }
    return undefined;
  }

  /** @throws Error naming the path */
  get(path: string): string {
    const found = this.find(path);
    if (found === undefined) throw new Error(`no package of the recipe has ${path}`);
    return found;
  }

  /** The folders of all packages that have `path`. */
  foldersWith(path: string): string[] {
    return this.#folders.filter(({ folder }) => existsSync(join(folder, path))).map(({ name, folder }) => {
      this.#used.add(name);
      return join(folder, path);
    });
  }

  /** All files below `path`, sorted. */
  async list(path: string): Promise<string[]> {
    const lists = await Promise.all(this.foldersWith(path).map(async (folder) =>
      (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))));
    return lists.flat().sort();
  }

  async read(path: string): Promise<Buffer> {
    return readFile(this.get(path));
  }
}
