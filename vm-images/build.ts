import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { copyFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { buildEngineImage } from './engine-image.ts';
import { missingHostPackages } from './host-packages.ts';
import { digestOfPaths, sha256OfFile } from './inputs.ts';
import { manifest, type Manifest } from './manifest.ts';
import { nodeBinary } from './node-binary.ts';
import { resolvePackages } from './package-list.ts';
import type { Arch } from './recipe.ts';
import { writeRootDisk } from './root-disk.ts';
import { step } from './step.ts';
import { buildSystem, type ManifestPackage } from './system.ts';

const recipeFolder = import.meta.dirname;
const checkout = resolve(recipeFolder, '..');

const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: process.arch === 'arm64' ? 'arm64' : 'amd64' },
    out: { type: 'string' },
    cache: { type: 'string', default: join(checkout, 'build/cache') },
    engine: { type: 'string', default: join(checkout, 'dist/engine') },
    update: { type: 'boolean', default: false },
  },
});

/**
 * Builds `vmlinuz`, `initrd`, `root.img` and `manifest.json` in `--out`; does nothing when their inputs have not changed.
 * `--update` asks the mirror for newer packages. `--engine` is the bundle that goes in.
 */
async function main(): Promise<void> {
  if (values.arch !== 'amd64' && values.arch !== 'arm64') throw new Error(`unknown architecture ${values.arch}: amd64 or arm64`);
  const arch: Arch = values.arch;
  const out = resolve(values.out ?? join(checkout, 'build/guest', arch));
  const engine = resolve(values.engine);
  const cache = resolve(values.cache);
  if (!existsSync(join(engine, 'stratad.mjs'))) throw new Error(`no engine in ${engine}: run npm run build`);
  const missing = missingHostPackages(arch);
  if (missing.length > 0) throw new Error(`the guest image needs programs that this machine lacks. Install them with: apt-get install -y --no-install-recommends ${missing.join(' ')}`);

  await mkdir(cache, { recursive: true });
  const { apt, packages } = await resolvePackages(arch, join(cache, 'apt', arch), values.update);
  const node = await nodeBinary(arch, checkout, cache);
  const systemDigest = await digestOfPaths([recipeFolder], [arch, node.version, JSON.stringify(packages)]);
  const engineDigest = await digestOfPaths([engine]);
  const inputs = `${systemDigest} ${engineDigest}`;
  const built = await readFile(join(out, 'manifest.json'), 'utf8').then((text) => JSON.parse(text) as Manifest, () => undefined);
  if (built?.inputs === inputs && Object.keys(built.files).every((name) => existsSync(join(out, name)))) return;

  const parts = join(cache, 'guest', arch);
  await mkdir(parts, { recursive: true });
  const system = join(parts, `system-${systemDigest.slice(0, 16)}`);
  const engineImage = join(parts, `engine-${engineDigest.slice(0, 16)}.img`);
  await buildSystem(system, { arch, apt, packages, nodeBinary: node.path, recipeFolder });
  await step('Compressing the engine', () => buildEngineImage(engineImage, engine));
  await step('Writing the image', () => publish(out, { arch, inputs, system, engineImage, nodeVersion: node.version }));
  await prune(parts, [system, engineImage]);
  await report(out);
}

/** Files are renamed into place, the manifest last: a machine that runs from the old ones keeps them. */
async function publish(out: string, made: { arch: Arch; inputs: string; system: string; engineImage: string; nodeVersion: string }): Promise<void> {
  await mkdir(out, { recursive: true });
  const fresh = (name: string): string => join(out, `.${name}.${process.pid}`);
  await writeRootDisk(fresh('root.img'), [join(made.system, 'system.img'), made.engineImage]);
  for (const name of ['vmlinuz', 'initrd']) await copyFile(join(made.system, name), fresh(name), constants.COPYFILE_FICLONE);
  const files: Manifest['files'] = {};
  for (const name of ['initrd', 'root.img', 'vmlinuz']) files[name] = { sha256: await sha256OfFile(fresh(name)), bytes: (await stat(fresh(name))).size };
  const packages = JSON.parse(await readFile(join(made.system, 'packages.json'), 'utf8')) as ManifestPackage[];
  await writeFile(fresh('manifest.json'), manifest({ arch: made.arch, inputs: made.inputs, files, packages, nodeVersion: made.nodeVersion }));
  for (const name of [...Object.keys(files), 'manifest.json']) await rename(fresh(name), join(out, name));
}

/** Parts of earlier builds are removed, but for the newest of each kind besides ours: switching back and forth stays cheap. */
async function prune(parts: string, keep: readonly string[]): Promise<void> {
  for (const kind of ['system-', 'engine-']) {
    const others = (await readdir(parts)).filter((name) => name.startsWith(kind) && !keep.some((path) => basename(path) === name));
    const aged = await Promise.all(others.map(async (name) => ({ name, at: (await stat(join(parts, name))).mtimeMs })));
    for (const { name } of aged.toSorted((a, b) => b.at - a.at).slice(1)) await rm(join(parts, name), { recursive: true, force: true });
  }
}

async function report(out: string): Promise<void> {
  const { version, files } = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8')) as Manifest;
  const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);
  const total = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
  process.stderr.write(`  guest ${version}: ${Object.entries(files).map(([name, { bytes }]) => `${name} ${mb(bytes)} MB`).join(', ')}; ${mb(total)} MB in all\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
