import type { ContainerSummary } from '../../src/api/wire/container.ts';

/** The first name without its slash; the short id of a container that has none. */
export function containerName(container: Pick<ContainerSummary, 'Id' | 'Names'>): string {
  const [first] = container.Names;
  return first === undefined ? shortId(container.Id) : first.replace(/^\//, '');
}

/** 12 characters, without `sha256:`. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

/** Status of the last run, from docker's text `Exited (137) 3 minutes ago`. */
export function exitCode(status: string): number | undefined {
  const found = /^Exited \((\d+)\)/.exec(status)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Health, from docker's text `Up 3 minutes (unhealthy)`. */
export function health(status: string): 'healthy' | 'unhealthy' | 'starting' | undefined {
  const found = /\((healthy|unhealthy|health: starting)\)$/.exec(status)?.[1];
  return found === 'health: starting' ? 'starting' : found === 'healthy' || found === 'unhealthy' ? found : undefined;
}

export interface ShownPort {
  /** `8080 → 80/tcp`, or `80/tcp` when it is not published. */
  label: string;
  /** Where a browser on this host finds it; absent for UDP and for ports that are not published. */
  href: string | undefined;
}

/** Published ports first; the same port on IPv4 and IPv6 is shown once. */
export function shownPorts(ports: ContainerSummary['Ports']): ShownPort[] {
  const seen = new Map<string, ShownPort>();
  for (const { IP, PrivatePort, PublicPort, Type } of [...ports].sort((a, b) => (a.PublicPort ?? Infinity) - (b.PublicPort ?? Infinity) || a.PrivatePort - b.PrivatePort)) {
    const inside = `${PrivatePort}/${Type}`;
    if (PublicPort === undefined) {
      seen.set(inside, { label: inside, href: undefined });
      continue;
    }
    const label = `${PublicPort} → ${inside}`;
    if (!seen.has(label)) seen.set(label, { label, href: Type === 'tcp' ? `http://${hostOf(IP)}:${PublicPort}/` : undefined });
  }
  return [...seen.values()];
}

function hostOf(address: string | undefined): string {
  if (address === undefined || address === '' || address === '0.0.0.0' || address === '::' || address === '127.0.0.1' || address === '::1') return 'localhost';
  return address.includes(':') ? `[${address}]` : address;
}
