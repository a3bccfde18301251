import { readlinkSync } from 'node:fs';
import type { HostConfig } from '../../api/wire/container.ts';
import type { NamespaceFact } from '../../api/wire/explain.ts';
import { namespaceReason } from './spec-reasons.ts';

/** Name in the OCI spec, and in `/proc/PID/ns` (namespaces(7)). */
const TYPES = [['mount', 'mnt'], ['network', 'net'], ['pid', 'pid'], ['ipc', 'ipc'], ['uts', 'uts'], ['cgroup', 'cgroup'], ['user', 'user']] as const;

/** The namespaces of a process, and who else is in them. @param others the containers that run beside it, by name */
export function namespaceFacts(pid: number, hostConfig: HostConfig, others: ReadonlyMap<string, number>): NamespaceFact[] {
  return TYPES.map(([type, file]) => {
    const id = namespaceId(pid, file);
    const shared = id === null ? [] : [...(namespaceId(process.pid, file) === id ? ['host'] : []), ...[...others].filter(([, other]) => namespaceId(other, file) === id).map(([name]) => name)];
    // Whoever is in the machine's own has everybody for company.
    return { type, id, sharedWith: shared.includes('host') ? ['host'] : shared, why: type === 'user' && !hostConfig.UsernsMode ? 'user namespaces are not used' : namespaceReason(hostConfig, type).why };
  });
}

function namespaceId(pid: number, file: string): number | null {
  if (pid <= 0) return null;
  try {
    const match = /\[(\d+)\]/.exec(readlinkSync(`/proc/${String(pid)}/ns/${file}`));
    return match ? Number(match[1]) : null;
  } catch {
    return null;
  }
}
