import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { exec } from '../base/exec.ts';
import { ensurePackages, SHIM_REQUIREMENTS } from './packages.ts';
import { arch, node, root } from './paths.ts';
import { step } from './step.ts';

interface Part {
  title: string;
  /** Folders and files whose content decides whether it must be built again. */
  inputs: readonly string[];
  outputs: readonly string[];
  build(): Promise<void>;
}

const parts: readonly Part[] = [
  { title: 'Building strata-shim', inputs: ['src/engine/runtime/shim'], outputs: ['dist/engine/strata-shim'], build: buildShim },
  { title: 'Bundling the engine', inputs: ['src/engine', 'src/api', 'src/base', 'package-lock.json'], outputs: ['dist/engine/stratad.mjs'], build: bundleEngine },
  { title: 'Bundling the command and the agent', inputs: ['src/cli', 'src/engine/archive', 'src/machine', 'src/api', 'src/base', 'package-lock.json'], outputs: ['dist/strata.mjs', 'dist/strata-host.mjs'], build: bundleHost },
  { title: 'Bundling the desktop app', inputs: ['src/desktop', 'src/machine', 'src/api', 'src/base', 'package-lock.json'], outputs: ['dist/desktop/main.cjs', 'dist/desktop/preload.cjs'], build: bundleDesktop },
  { title: 'Building the interface', inputs: ['renderer', 'src/api', 'package-lock.json'], outputs: ['dist/renderer/index.html'], build: buildRenderer },
];

/** Builds `dist/`: what has not changed since the last build (by content) is left as it is. */
export async function build(): Promise<void> {
  await mkdir(join(root, 'dist'), { recursive: true });
  for (const part of parts) {
    const stamp = join(root, 'dist', `.${part.outputs[0]?.replaceAll('/', '-') ?? ''}.inputs`);
    const digest = await digestOf(part.inputs);
    const built = part.outputs.every((output) => existsSync(join(root, output)));
    if (built && (await readFile(stamp, 'utf8').catch(() => '')) === digest) continue;
    await step(part.title, () => part.build());
    await writeFile(stamp, digest);
  }
}

async function buildShim(): Promise<void> {
  await ensurePackages(SHIM_REQUIREMENTS);
  await mkdir(join(root, 'dist/engine'), { recursive: true });
  await compileShim('gcc', join(root, 'dist/engine/strata-shim'));
}

/** @param compiler `gcc`, or a cross compiler for another architecture */
export async function compileShim(compiler: string, output: string): Promise<void> {
  await exec(compiler, ['-std=c17', '-O2', '-Wall', '-Wextra', '-Werror', '-static', '-s', '-Wl,--build-id=none', '-o', output, ...['strata-shim.c', 'log-file.c'].map((file) => join(root, 'src/engine/runtime/shim', file))]);
}

async function bundleEngine(): Promise<void> {
  await bundle({ entries: { stratad: 'src/engine/main.ts', ...(await workers('src/engine')) }, out: 'dist/engine', external: ['koffi'] });
  for (const name of ['koffi', ...koffiPlatforms()]) {
    await rm(join(root, 'dist/engine/node_modules', name), { recursive: true, force: true });
    await cp(join(root, 'node_modules', name), join(root, 'dist/engine/node_modules', name), { recursive: true, filter: isRuntimeFile });
  }
}

async function bundleHost(): Promise<void> {
  await bundle({ entries: { strata: 'src/cli/main.ts', 'strata-host': 'src/machine/main.ts' }, out: 'dist', external: ['koffi', 'ssh2', 'cpu-features'] });
}

async function bundleDesktop(): Promise<void> {
  await bundle({ entries: { main: 'src/desktop/main.ts' }, out: 'dist/desktop', external: ['electron', 'koffi', 'ssh2', 'cpu-features'], commonJs: true });
  // A sandboxed preload has no file name and next to no modules: it gets nothing that it does not use.
  await bundle({ entries: { preload: 'src/desktop/preload.ts' }, out: 'dist/desktop', external: ['electron'], commonJs: 'sandboxed' });
}

async function buildRenderer(): Promise<void> {
  await exec(node, [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--config', 'renderer/vite.config.ts', '--logLevel', 'warn'], { cwd: root });
}

async function bundle(options: { entries: Readonly<Record<string, string>>; out: string; external: readonly string[]; commonJs?: boolean | 'sandboxed' }): Promise<void> {
  const esbuild = await import('esbuild');
  const commonJs = options.commonJs ?? false;
  await esbuild.build({
    entryPoints: Object.entries(options.entries).map(([out, entry]) => ({ in: join(root, entry), out })),
    outdir: join(root, options.out),
    bundle: true, platform: 'node', target: 'node26', sourcemap: false, legalComments: 'none', logLevel: 'warning',
    external: [...options.external],
    ...(commonJs !== false
      ? {
          format: 'cjs' as const, outExtension: { '.js': '.cjs' },
          ...(commonJs === true ? { define: { 'import.meta.url': 'strataModuleUrl' }, banner: { js: "const strataModuleUrl = require('node:url').pathToFileURL(__filename).href;" } } : {}),
        }
      : {
          format: 'esm' as const, outExtension: { '.js': '.mjs' }, splitting: true, chunkNames: 'chunks/[name]-[hash]',
          banner: { js: "import { createRequire as strataCreateRequire } from 'node:module'; const require = strataCreateRequire(import.meta.url);" },
        }),
  });
}

/** Worker threads are entry points of their own: `layer-worker.ts` becomes `layer-worker.mjs` beside the engine. */
async function workers(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(join(root, folder), { recursive: true })).filter((path) => path.endsWith('-worker.ts'));
  return Object.fromEntries(files.map((path) => [path.split('/').at(-1)?.replace(/\.ts$/, '') ?? path, join(folder, path)]));
}

/** koffi ships its C++ sources and other platforms' import libraries, which running it does not need. */
function isRuntimeFile(path: string): boolean {
  return !/\/koffi\/(?:vendor|doc|lib\/native)(?:\/|$)/.test(path);
}

function koffiPlatforms(): string[] {
  const wanted = [`@koromix/koffi-linux-${arch === 'amd64' ? 'x64' : 'arm64'}`];
  return wanted.filter((name) => existsSync(join(root, 'node_modules', name)));
}

async function digestOf(inputs: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const input of inputs) {
    const path = join(root, input);
    if (!existsSync(path)) continue;
    const files = (await stat(path)).isDirectory() ? (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)) : [path];
    for (const file of files.sort()) {
      if (file.endsWith('.test.ts') || file.endsWith('.md')) continue;
      hash.update(file.slice(root.length)).update('\0').update(await readFile(file)).update('\0');
    }
  }
  return hash.digest('hex');
}
