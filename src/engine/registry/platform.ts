import { InvalidArgumentError } from '../../api/errors.ts';
import type { Descriptor, Platform } from '../images/manifest.ts';

/** Other people's names for the same machine. Source: containerd, platforms, "database". */
const ARCHITECTURES: Readonly<Record<string, { architecture: string; variant?: string }>> = {
  x86_64: { architecture: 'amd64' }, 'x86-64': { architecture: 'amd64' }, i386: { architecture: '386' }, i686: { architecture: '386' },
  aarch64: { architecture: 'arm64' }, armhf: { architecture: 'arm', variant: 'v7' }, armel: { architecture: 'arm', variant: 'v6' },
};

/**
 * `linux/arm64/v8`, `linux/amd64`, or one word: an architecture, or an operating system.
 * @throws InvalidArgumentError
 */
export function parsePlatform(text: string, host: Platform): Platform {
  const parts = text.toLowerCase().split('/');
  const [first = '', second, third] = parts;
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) throw new InvalidArgumentError(`invalid platform ${JSON.stringify(text)}: must be os[/architecture[/variant]], such as linux/arm64`);
  if (second !== undefined) return normalize({ os: first, architecture: second, ...(third === undefined ? {} : { variant: third }) });
  return first === 'linux' || first === 'windows' ? normalize({ ...host, os: first }) : normalize({ os: 'linux', architecture: first });
}

/** The names and the silent defaults of the specification: arm64 is v8, arm is v7. */
export function normalize(platform: Platform): Platform {
  const known = ARCHITECTURES[platform.architecture];
  const architecture = known?.architecture ?? platform.architecture;
  const variant = platform.variant ?? known?.variant;
  const plain = { ...platform, architecture };
  delete plain.variant;
  if (architecture === 'arm64' && (variant === undefined || variant === '8' || variant === 'v8')) return plain;
  if (architecture === 'amd64' && variant === 'v1') return plain;
  if (architecture === 'arm') return { ...plain, variant: (variant ?? 'v7').replace(/^(?=\d)/, 'v') };
  return variant === undefined ? plain : { ...plain, variant };
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter((part) => part !== undefined && part !== '').join('/');
}

/** Everything that a machine of platform `wanted` can run, best first: its own, then older variants, then the 32-bit kin. */
export function acceptable(wanted: Platform): string[] {
  const own = normalize(wanted);
  const { os, architecture, variant } = own;
  const level = Number(/^v(\d)$/.exec(variant ?? '')?.[1] ?? NaN);
  const arms = (from: number): Platform[] => [8, 7, 6, 5].filter((n) => n <= from).map((n) => ({ os, architecture: 'arm', variant: `v${n}` }));
  const others: Platform[] = architecture === 'amd64'
    ? [...[3, 2].filter((n) => n < level).map((n) => ({ os, architecture, variant: `v${n}` })), { os, architecture }, { os, architecture: '386' }]
    : architecture === 'arm64' ? [{ os, architecture }, ...arms(8)] : architecture === 'arm' ? arms(level) : [];
  return [...new Set([own, ...others].map((platform) => formatPlatform(normalize(platform))))];
}

/** The entry of an index that suits `wanted` best; among equals the first, as the specification says. Attestations are no images. */
export function choosePlatform(manifests: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  const images = manifests.filter(({ platform, annotations }) => platform?.os !== 'unknown' && annotations['vnd.docker.reference.type'] === undefined);
  for (const name of acceptable(wanted)) {
    const found = images.find(({ platform }) => platform !== undefined && formatPlatform(normalize(platform)) === name);
    if (found) return found;
  }
  // An index of one image that does not say for whom.
  const unnamed = images.filter(({ platform }) => platform === undefined);
  return images.length === 1 ? unnamed[0] : undefined;
}

/** Node's names for this machine, in the specification's. */
export function hostPlatform(): Platform {
  const architecture = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' }[process.arch as string] ?? process.arch;
  return normalize({ os: 'linux', architecture });
}
