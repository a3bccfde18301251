import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../src/base/exec.ts';
import type { Apt, DebianPackage } from './apt.ts';
import { cpio } from './cpio.ts';
import { sha256OfFile } from './inputs.ts';
import { unpackKernel } from './kernel.ts';
import { KernelModules } from './kernel-modules.ts';
import { ARCHES, type Arch } from './recipe.ts';
import { buildRootTree } from './root-tree.ts';
import { squashfs } from './squashfs.ts';
import { step } from './step.ts';
import { UnpackedPackages } from './unpacked.ts';

export interface ManifestPackage extends DebianPackage {
  /** Of the package file, lower-case hex. */
  sha256: string;
}

export interface SystemInputs {
  arch: Arch;
  apt: Apt;
  packages: readonly DebianPackage[];
  nodeBinary: string;
  /** This folder. */
  recipeFolder: string;
}

/**
 * Makes `vmlinuz`, `initrd`, `system.img` and `packages.json` in `out`, all or nothing.
 * `out` is kept as it is when it is there: its name is the digest of the inputs.
 */
export async function buildSystem(out: string, inputs: SystemInputs): Promise<void> {
  if (existsSync(out)) return;
  const work = `${out}.${process.pid}.partial`;
  await rm(work, { recursive: true, force: true });
  await mkdir(join(work, 'out'), { recursive: true });
  try {
    await assemble(work, inputs);
    await rename(join(work, 'out'), out).catch((error: unknown) => {
      if (!existsSync(out)) throw error; // otherwise somebody else built the same meanwhile
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function assemble(work: string, { arch, apt, packages, nodeBinary, recipeFolder }: SystemInputs): Promise<void> {
  const out = join(work, 'out');
  const root = join(work, 'root');
  const files = await step(`Downloading ${packages.length} Debian packages`, () => apt.download(packages));
  const unpacked = await step('Unpacking', () => UnpackedPackages.unpack(packages, files, join(work, 'packages')));
  await step('Assembling the system', () => buildRootTree(root, { arch, packages: unpacked, nodeBinary, recipeFolder }));
  const modules = await step('Choosing kernel modules', async () => {
    const found = await KernelModules.read(unpacked);
    await found.install(root);
    return found;
  });
  await step('Compiling init', () => compileInit(arch, recipeFolder, join(work, 'init')));
  await step('Writing kernel and initrd', async () => {
    const kernel = (await unpacked.list('/boot')).find((path) => /\/vmlinu[xz]-/.test(path));
    if (kernel === undefined) throw new Error('the kernel package has no kernel');
    await writeFile(join(out, 'vmlinuz'), unpackKernel(await readFile(kernel)));
    await writeFile(join(out, 'initrd'), cpio([
      ...['dev', 'proc', 'sys', 'new'].map((path) => ({ path, type: 'directory' as const })),
      { path: 'dev/console', type: 'character-device', major: 5, minor: 1 },
      { path: 'init', type: 'file', data: await readFile(join(work, 'init')), executable: true },
      ...(await modules.initrdEntries()),
    ]));
  });
  await step('Compressing the system', () => squashfs(root, join(out, 'system.img')));
  const used = await Promise.all(packages.map(async (item, index) => ({ ...item, sha256: await sha256OfFile(files[index] ?? '') })));
  await writeFile(join(out, 'packages.json'), JSON.stringify(used.filter(({ name }) => unpacked.used.has(name))));
}

async function compileInit(arch: Arch, recipeFolder: string, output: string): Promise<void> {
  const folder = join(recipeFolder, 'init');
  const sources = (await readdir(folder)).filter((name) => name.endsWith('.c')).sort();
  await exec(ARCHES[arch].gcc, ['-std=gnu17', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Werror', '-static', '-s', '-Wl,--build-id=none', '-o', output, ...sources], { cwd: folder });
  await chmod(output, 0o755);
}
