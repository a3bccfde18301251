import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { writeFileAtomic } from '../src/base/atomic-file.ts';
import { Apt, readPackageList, type DebianPackage } from './apt.ts';
import { ARCHES, EXCLUDED_PACKAGES, PACKAGES, type Arch } from './recipe.ts';
import { step } from './step.ts';

/**
 * The versions that the image is made of. They are asked from the mirror once and kept in the cache, so that a rebuild needs no network and makes
 * the same image; they are asked anew on `update`, or when the recipe names other packages.
 */
export async function resolvePackages(arch: Arch, directory: string, update: boolean): Promise<{ apt: Apt; packages: DebianPackage[] }> {
  const apt = new Apt(directory, arch);
  const key = createHash('sha256').update([...PACKAGES, ...EXCLUDED_PACKAGES.map(String), ...ARCHES[arch].kernelPackages].join('\n')).digest('hex');
  const path = join(directory, 'packages.json');
  const kept = update ? undefined : await readPackageList(path, key);
  if (kept !== undefined) return { apt, packages: kept };
  await step('Reading the package lists', () => apt.update());
  const packages = await step('Choosing packages', async () => apt.closure([...PACKAGES, await apt.firstKnown(ARCHES[arch].kernelPackages)], EXCLUDED_PACKAGES));
  await writeFileAtomic(path, JSON.stringify({ key, packages }));
  return { apt, packages };
}
