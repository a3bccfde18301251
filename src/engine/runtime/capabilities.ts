import { InvalidArgumentError } from '../../api/errors.ts';

/** What a container may do unless told otherwise: docker's documented default set. */
const DEFAULT_CAPABILITIES: readonly string[] = [
  'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FSETID', 'CAP_FOWNER', 'CAP_MKNOD', 'CAP_NET_RAW', 'CAP_SETGID', 'CAP_SETUID',
  'CAP_SETFCAP', 'CAP_SETPCAP', 'CAP_NET_BIND_SERVICE', 'CAP_SYS_CHROOT', 'CAP_KILL', 'CAP_AUDIT_WRITE',
];

/** In the kernel's order. Source: capabilities(7). */
const ALL_CAPABILITIES: readonly string[] = [
  'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT',
  'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE',
  'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ',
  'PERFMON', 'BPF', 'CHECKPOINT_RESTORE',
].map((name) => `CAP_${name}`);

export interface CapabilityRequest {
  add: readonly string[];
  drop: readonly string[];
  privileged: boolean;
  /** What this process may hand on at all, as read from `CapBnd` in /proc/self/status (capabilities(7)). */
  bounding: bigint;
}

/**
 * The capability set of a container. Names with or without `CAP_`, in any case; `ALL` in either list.
 * @throws InvalidArgumentError naming a capability that does not exist.
 */
export function effectiveCapabilities(request: CapabilityRequest): string[] {
  const available = ALL_CAPABILITIES.filter((_, bit) => (request.bounding >> BigInt(bit)) & 1n);
  if (request.privileged) return available;
  const add = request.add.map(normalize);
  const drop = request.drop.map(normalize);
  const base = add.includes('ALL') ? available : drop.includes('ALL') ? [] : DEFAULT_CAPABILITIES.filter((name) => !drop.includes(name));
  const kept = add.includes('ALL') ? base.filter((name) => !drop.includes(name)) : [...base, ...add];
  return [...new Set(kept)].filter((name) => available.includes(name) || add.includes(name));
}

/** `CapAdd` and `CapDrop` of a request, in dockerd's words. @throws InvalidArgumentError */
export function checkCapabilities(host: { CapAdd?: readonly string[] | null; CapDrop?: readonly string[] | null }): void {
  for (const field of ['CapAdd', 'CapDrop'] as const) {
    for (const name of host[field] ?? []) {
      const full = spelled(name);
      if (full !== 'ALL' && !ALL_CAPABILITIES.includes(full)) throw new InvalidArgumentError(`invalid ${field}: unknown capability: "${full}"`);
    }
  }
}

function normalize(name: string): string {
  const full = spelled(name);
  if (full !== 'ALL' && !ALL_CAPABILITIES.includes(full)) throw new InvalidArgumentError(`invalid capability: "${name}"`);
  return full;
}

function spelled(name: string): string {
  const upper = name.toUpperCase();
  return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}
