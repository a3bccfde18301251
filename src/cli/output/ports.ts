export interface ListedPort {
  IP?: string;
  PrivatePort: number;
  PublicPort?: number;
  Type: string;
}

/** Ports of a container as docker's table shows them: neighbours that are published under their own number become ranges. */
export function displayPorts(ports: readonly ListedPort[]): string {
  const groups = new Map<string, { first: number; last: number }>();
  const result: string[] = [];
  const mapped: string[] = [];
  for (const port of ports.toSorted(comparePorts)) {
    let key = port.Type;
    if (port.IP !== undefined && port.IP !== '') {
      if (port.PublicPort !== port.PrivatePort) {
        mapped.push(`${hostPort(port.IP, String(port.PublicPort ?? 0))}->${port.PrivatePort}/${port.Type}`);
        continue;
      }
      key = `${port.IP}/${port.Type}`;
    }
    const group = groups.get(key);
    if (group?.last === port.PrivatePort - 1) {
      group.last = port.PrivatePort;
      continue;
    }
    if (group !== undefined) result.push(formatGroup(key, group));
    groups.set(key, { first: port.PrivatePort, last: port.PrivatePort });
  }
  for (const [key, group] of groups) result.push(formatGroup(key, group));
  return [...result, ...mapped].join(', ');
}

/** `0.0.0.0:80`, `[::]:80` */
export function hostPort(host: string, port: string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function formatGroup(key: string, group: { first: number; last: number }): string {
  const slash = key.lastIndexOf('/');
  const range = group.first === group.last ? String(group.first) : `${group.first}-${group.last}`;
  return slash < 0 ? `${range}/${key}` : `${hostPort(key.slice(0, slash), range)}->${range}/${key.slice(slash + 1)}`;
}

function comparePorts(a: ListedPort, b: ListedPort): number {
  return a.PrivatePort - b.PrivatePort || order(a.IP ?? '', b.IP ?? '') || (a.PublicPort ?? 0) - (b.PublicPort ?? 0) || order(a.Type, b.Type);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
