import { readFileSync } from 'node:fs';

/** The capability sets of this process. Source: proc(5), /proc/self/status. */
export function ownCapabilities(): { bounding: bigint; effective: bigint } {
  const status = readFileSync('/proc/self/status', 'utf8');
  const set = (name: string): bigint => BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)`, 'm').exec(status)?.[1] ?? '0'}`);
  return { bounding: set('CapBnd'), effective: set('CapEff') };
}

/** What the engine cannot work without, by number. Source: linux/capability.h. */
const NEEDED: readonly (readonly [string, number])[] = [['CAP_SYS_ADMIN', 21], ['CAP_NET_ADMIN', 12], ['CAP_MKNOD', 27], ['CAP_CHOWN', 0], ['CAP_DAC_OVERRIDE', 1]];

export function missingCapabilities(effective: bigint): string[] {
  return NEEDED.filter(([, bit]) => ((effective >> BigInt(bit)) & 1n) === 0n).map(([name]) => name);
}
