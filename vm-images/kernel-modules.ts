import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import type { CpioEntry } from './cpio.ts';
import { moduleInfo } from './module-info.ts';
import { aliasFile, dependencyFile, loadOrder, withDependencies, type ModuleTable } from './modules.ts';
import { BOOT_STAGES, INITRD_MODULES, MODULE_FOLDERS, MODULES_LEFT_OUT } from './recipe.ts';
import type { UnpackedPackages } from './unpacked.ts';

/** The kernel's modules, read from the unpacked kernel package. */
export class KernelModules {
  readonly release: string;
  readonly #table: ModuleTable;
  readonly #files: ReadonlyMap<string, string>;
  readonly #packages: UnpackedPackages;

  private constructor(release: string, table: ModuleTable, files: ReadonlyMap<string, string>, packages: UnpackedPackages) {
    this.release = release;
    this.#table = table;
    this.#files = files;
    this.#packages = packages;
  }

  static async read(packages: UnpackedPackages): Promise<KernelModules> {
    const files = (await packages.list('/lib/modules')).filter((path) => /\.ko(?:\.zst)?$/.test(path));
    const table = new Map<string, ReturnType<typeof moduleInfo> & { path: string }>();
    const byName = new Map<string, string>();
    let release = '';
    for (const file of files) {
      const match = /\/lib\/modules\/([^/]+)\/(kernel\/.*\.ko)(?:\.zst)?$/.exec(file);
      if (match?.[1] === undefined || match[2] === undefined) continue;
      release = match[1];
      const info = moduleInfo(file, await readModule(file));
      table.set(info.name, { ...info, path: match[2] });
      byName.set(info.name, file);
    }
    if (table.size === 0) throw new Error('the kernel package has no modules');
    return new KernelModules(release, table, byName, packages);
  }

  /** What init needs before it has a root: the modules, and their order. */
  async initrdEntries(): Promise<CpioEntry[]> {
    const order = loadOrder(this.#table, INITRD_MODULES);
    const entries: CpioEntry[] = [{ path: 'modules', type: 'directory' }];
    for (const name of order) entries.push({ path: `modules/${name}.ko`, type: 'file', data: await readModule(this.#file(name)) });
    entries.push({ path: 'modules/order', type: 'file', data: Buffer.from(order.map((name) => `/modules/${name}.ko\n`).join('')) });
    return entries;
  }

  /** Installs the chosen modules below `root` with modprobe's indexes, and init's lists of what to load when. */
  async install(root: string): Promise<void> {
    const names = withDependencies(this.#table, (path) => {
      const inKernel = path.slice('kernel/'.length);
      return MODULE_FOLDERS.some((pattern) => pattern.test(inKernel)) && !MODULES_LEFT_OUT.test(`/${inKernel}`);
    });
    const folder = join(root, 'usr/lib/modules', this.release);
    for (const name of names) {
      const target = join(folder, this.#path(name));
      await mkdir(dirname(target), { recursive: true });
      const file = this.#file(name);
      if (file.endsWith('.zst')) await writeFile(target, await readModule(file));
      else await copyFile(file, target);
    }
    await writeFile(join(folder, 'modules.dep'), dependencyFile(this.#table, names));
    await writeFile(join(folder, 'modules.alias'), aliasFile(this.#table, names));
    await writeFile(join(folder, 'modules.softdep'), '');
    await writeFile(join(folder, 'modules.symbols'), '');
    for (const name of ['modules.builtin', 'modules.order']) await copyFile(this.#packages.get(`/lib/modules/${this.release}/${name}`), join(folder, name));
    await this.#writeStages(root, folder.slice(root.length));
  }

  async #writeStages(root: string, folder: string): Promise<void> {
    const loaded = new Set(loadOrder(this.#table, INITRD_MODULES));
    await mkdir(join(root, 'usr/lib/strata/modules'), { recursive: true });
    for (const [stage, wanted] of Object.entries(BOOT_STAGES)) {
      const order = loadOrder(this.#table, wanted, loaded);
      await writeFile(join(root, 'usr/lib/strata/modules', stage), order.map((name) => `${folder}/${this.#path(name)}\n`).join(''));
    }
  }

  #path(name: string): string {
    return this.#table.get(name)?.path ?? name;
  }

  #file(name: string): string {
    return this.#files.get(name) ?? name;
  }
}

async function readModule(path: string): Promise<Buffer> {
  const file = await readFile(path);
  return path.endsWith('.zst') ? zstdDecompressSync(file) : file;
}
