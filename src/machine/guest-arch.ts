/** Processor architecture of a guest, as image names spell it. */
export type GuestArch = 'amd64' | 'arm64';

/** The architecture of this host in the same words. Hosts of other architectures count as amd64 and can only emulate. */
export function hostArch(): GuestArch {
  return process.arch === 'arm64' ? 'arm64' : 'amd64';
}
