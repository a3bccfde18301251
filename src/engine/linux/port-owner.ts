import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Which process of this network namespace holds a port, for people to read: `nginx, process 812`. Looks through all processes, so it
 * is for messages of errors. Source: proc(5), /proc/net/tcp.
 */
export function portOwner(protocol: 'tcp' | 'udp' | 'sctp', port: number): string | undefined {
  if (protocol === 'sctp') return undefined;
  const inodes = new Set([protocol, `${protocol}6`].flatMap((table) => socketsAt(table, port)));
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (holds(pid, inodes)) return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()}, process ${pid}`;
  }
  return undefined;
}

function socketsAt(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const rows = readLines(`/proc/net/${table}`).slice(1).map((line) => line.trim().split(/\s+/));
  return rows.filter(([, local, , state]) => local?.endsWith(`:${wanted}`) === true && (state === '0A' || state === '07')).flatMap((row) => row[9] ?? []);
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function holds(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return inodes.has(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? '');
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}
