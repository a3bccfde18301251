import { join } from 'node:path';
import { UnavailableError } from '../api/errors.ts';
import { missingHostPackages } from '../../vm-images/host-packages.ts';
import { installPackages } from './packages.ts';
import { arch, guestDirectory, node, root, welcomeArchive } from './paths.ts';
import { visibly } from './step.ts';

/** Builds the guest image and the welcome image, or leaves them when their inputs have not changed. */
export async function ensureGuestImage(): Promise<void> {
  const missing = missingHostPackages(arch);
  await installPackages(missing, `${missing.join(', ')} (for building the guest image)`);
  await recipe('the guest image', ['vm-images/build.ts', '--arch', arch, '--out', guestDirectory, '--cache', join(root, 'build/cache')]);
  await recipe('the welcome image', ['resources/welcome/build-welcome.ts', '--arch', arch, '--out', welcomeArchive]);
}

async function recipe(what: string, command: readonly string[]): Promise<void> {
  const code = await visibly(node, command, { cwd: root });
  if (code !== 0) throw new UnavailableError(`${what} could not be built; the reason is above`);
}
