import { chmod, copyFile, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exec } from '../src/base/exec.ts';
import { neededLibraries } from './elf.ts';
import { APPLETS, ARCHES, DATA_FILES, EMPTY_FOLDERS, EXTRA_LIBRARIES, PROGRAMS, SYMLINKS, type Arch } from './recipe.ts';
import type { UnpackedPackages } from './unpacked.ts';

/** Fills `root` with the guest's system: programs and the libraries they need, configuration, certificates, Node. Modules come separately. */
export async function buildRootTree(root: string, options: { arch: Arch; packages: UnpackedPackages; nodeBinary: string; recipeFolder: string }): Promise<void> {
  const { arch, packages, nodeBinary, recipeFolder } = options;
  for (const folder of EMPTY_FOLDERS) await mkdir(join(root, folder), { recursive: true });
  await cp(join(recipeFolder, 'root'), root, { recursive: true });
  await chmod(join(root, 'etc/shadow'), 0o600);
  for (const [path, target] of SYMLINKS) await link(root, path, target);
  for (const path of PROGRAMS) await place(root, path, packages.get(path));
  for (const path of DATA_FILES) await place(root, path, packages.get(path), 0o644);
  for (const name of APPLETS) await link(root, `usr/bin/${name}`, 'busybox');
  await link(root, 'usr/sbin/modprobe', '../bin/busybox');
  await placeNode(root, arch, nodeBinary);
  await placeLibraries(root, arch, packages);
  await placeCertificates(root, packages);
}

async function placeNode(root: string, arch: Arch, binary: string): Promise<void> {
  const path = join(root, 'usr/bin/node');
  await place(root, '/usr/bin/node', binary);
  // Symbols for debuggers only; they are a fifth of the binary.
  await exec(ARCHES[arch].strip, ['--strip-unneeded', path]);
}

/** Libraries by DT_NEEDED, from the programs down, and the loader that their interpreter path names. */
async function placeLibraries(root: string, arch: Arch, packages: UnpackedPackages): Promise<void> {
  const { machine } = ARCHES[arch];
  const folders = [`/usr/lib/${machine}-linux-gnu`, '/usr/lib'];
  const loader = arch === 'amd64' ? '/lib64/ld-linux-x86-64.so.2' : '/lib/ld-linux-aarch64.so.1';
  await place(root, `/usr${loader}`, packages.get(loader));
  const seen = new Set<string>([loader.slice(loader.lastIndexOf('/') + 1)]);
  const queue: string[] = [...EXTRA_LIBRARIES];
  for (const program of [...PROGRAMS, '/usr/bin/node']) queue.push(...neededLibraries(program, await readFile(join(root, program))));
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const wanted = name;
    const path = folders.map((folder) => `${folder}/${wanted}`).find((candidate) => packages.find(candidate) !== undefined);
    if (path === undefined) throw new Error(`no package of the recipe has the library ${name}`);
    const file = packages.get(path);
    await place(root, `/usr/lib/${machine}-linux-gnu/${name}`, file);
    queue.push(...neededLibraries(path, await readFile(file)));
  }
}

/** What update-ca-certificates would write. */
async function placeCertificates(root: string, packages: UnpackedPackages): Promise<void> {
  const files = (await packages.list('/usr/share/ca-certificates')).filter((path) => path.endsWith('.crt'));
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  await mkdir(join(root, 'etc/ssl/certs'), { recursive: true });
  await writeFile(join(root, 'etc/ssl/certs/ca-certificates.crt'), texts.map((text) => (text.endsWith('\n') ? text : `${text}\n`)).join(''));
}

async function place(root: string, path: string, file: string, mode = 0o755): Promise<void> {
  const target = join(root, path);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(file, target);
  await chmod(target, mode);
}

async function link(root: string, path: string, target: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await symlink(target, join(root, path));
}
