import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { UnavailableError } from '../api/errors.ts';
import { step, visibly } from './step.ts';

/** A program (or a file, by its absolute path) that a task needs, and the Debian package that has it. */
export interface Requirement {
  needs: string;
  debian: string;
  for: string;
}

export const MACHINE_REQUIREMENTS: readonly Requirement[] = [
  process.arch === 'arm64'
    ? { needs: 'qemu-system-aarch64', debian: 'qemu-system-arm', for: 'the virtual machine' }
    : { needs: 'qemu-system-x86_64', debian: 'qemu-system-x86', for: 'the virtual machine' },
];

export const SHIM_REQUIREMENTS: readonly Requirement[] = [
  { needs: 'gcc', debian: 'gcc', for: 'strata-shim' },
  { needs: '/usr/include/stdio.h', debian: 'libc6-dev', for: 'strata-shim' },
];

export const ENGINE_REQUIREMENTS: readonly Requirement[] = [
  { needs: 'runc', debian: 'runc', for: 'containers without a VM' },
  { needs: 'crun', debian: 'crun', for: 'containers without a VM' },
  { needs: 'nft', debian: 'nftables', for: 'container networks without a VM' },
  { needs: 'ip', debian: 'iproute2', for: 'container networks without a VM' },
  { needs: 'xz', debian: 'xz-utils', for: 'images compressed with xz' },
  { needs: 'bzip2', debian: 'bzip2', for: 'images compressed with bzip2' },
  { needs: '/usr/bin/tini-static', debian: 'tini', for: '--init' },
  { needs: '/usr/share/containers/seccomp.json', debian: 'golang-github-containers-common', for: 'the filter of system calls' },
];

export const TEST_REQUIREMENTS: readonly Requirement[] = [
  { needs: '/bin/busybox', debian: 'busybox-static', for: 'test images' },
  { needs: 'skopeo', debian: 'skopeo', for: 'test images' },
  { needs: 'umoci', debian: 'umoci', for: 'test images' },
  { needs: 'podman', debian: 'podman', for: 'the tests with images of other engines' },
  { needs: 'buildah', debian: 'buildah', for: 'the tests with images of other engines' },
  { needs: 'dockerd', debian: 'docker.io', for: 'the compatibility tests' },
  { needs: 'docker', debian: 'docker.io', for: 'the compatibility tests' },
  { needs: 'containerd', debian: 'containerd', for: 'the compatibility tests' },
  { needs: 'iptables', debian: 'iptables', for: 'the compatibility tests' },
  { needs: '/usr/lib/python3/dist-packages/docker/__init__.py', debian: 'python3-docker', for: 'the tests with real clients' },
  { needs: 'docker-compose', debian: 'docker-compose', for: 'the tests with real clients' },
  { needs: 'openssl', debian: 'openssl', for: 'the registry tests' },
  { needs: 'docker-registry', debian: 'docker-registry', for: 'the registry tests' },
  { needs: 'chromium', debian: 'chromium', for: 'the browser tests' },
];

/**
 * Makes sure that the programs are there, installing their Debian packages where we may (as root, or with sudo that asks nothing).
 * @throws UnavailableError naming what is missing and the command that installs it.
 */
export async function ensurePackages(requirements: readonly Requirement[]): Promise<void> {
  const missing = requirements.filter((requirement) => !isPresent(requirement.needs));
  if (missing.length === 0) return;
  const why = missing.map((requirement) => `${requirement.needs} (for ${requirement.for})`).join(', ');
  await installPackages([...new Set(missing.map((requirement) => requirement.debian))], why);
  const still = missing.filter((requirement) => !isPresent(requirement.needs));
  if (still.length > 0) throw new UnavailableError(`still missing after installation: ${still.map((requirement) => requirement.needs).join(', ')}`);
}

/** @param why what is missing, for the error that says so */
export async function installPackages(packages: readonly string[], why: string): Promise<void> {
  if (packages.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!isPresent('apt-get')) throw new UnavailableError(`missing on this machine: ${why}. Install what provides them; on Debian or Ubuntu: ${command}`);
  const root = process.getuid?.() === 0;
  const run = async (...words: string[]): Promise<boolean> =>
    (await visibly(root ? 'env' : 'sudo', [...(root ? [] : ['-n', 'env']), 'DEBIAN_FRONTEND=noninteractive', ...words]).catch(() => 1)) === 0;
  await step(`Installing Debian packages: ${packages.join(' ')}`, async () => {
    const install = (): Promise<boolean> => run(...command.split(' '), '-qq');
    // The lists may be missing or old: once more after an update.
    if (!(await install()) && !((await run('apt-get', 'update', '-qq')) && (await install()))) {
      throw new UnavailableError(`missing on this machine: ${why}. Install them with: ${root ? '' : 'sudo '}${command}`);
    }
  });
}

export function isPresent(program: string): boolean {
  if (program.startsWith('/')) return existsSync(program);
  const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return places.some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
