import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../src/base/exec.ts';
import { ARCHES, type Arch } from './recipe.ts';

export interface NodeBinary {
  path: string;
  version: string;
}

/** The pinned Node for the guest: from node_modules, or, for a foreign architecture, the same version from the npm registry. */
export async function nodeBinary(arch: Arch, checkout: string, cache: string): Promise<NodeBinary> {
  const { nodePackage } = ARCHES[arch];
  const installed = join(checkout, 'node_modules', nodePackage);
  const manifest = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')) as { optionalDependencies?: Record<string, string> };
  const version = manifest.optionalDependencies?.[ARCHES[process.arch === 'arm64' ? 'arm64' : 'amd64'].nodePackage];
  if (version === undefined) throw new Error('package.json pins no Node among its optional dependencies');
  if (existsSync(join(installed, 'bin/node'))) return { path: join(installed, 'bin/node'), version };
  const folder = join(cache, `${nodePackage}-${version}`);
  if (!existsSync(folder)) {
    const work = `${folder}.partial`;
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { recursive: true });
    await exec('npm', ['pack', '--silent', '--pack-destination', work, `${nodePackage}@${version}`], { cwd: work });
    await exec('tar', ['-xzf', `${nodePackage}-${version}.tgz`, 'package/bin/node'], { cwd: work });
    await rename(work, folder);
  }
  return { path: join(folder, 'package/bin/node'), version };
}
