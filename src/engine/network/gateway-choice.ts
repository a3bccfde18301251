import type { EndpointRecord, NetworkRecord } from './network-record.ts';

export interface GatewayCandidate {
  network: NetworkRecord;
  endpoint: Pick<EndpointRecord, 'gatewayPriority'>;
}

/**
 * Of a container's networks the one that leads it out, per family of addresses: never an internal one, then the highest priority, then
 * the first by name, as in dockerd. Pure.
 */
export function chooseGateway<T extends GatewayCandidate>(candidates: readonly T[], family: 4 | 6): T | undefined {
  const able = candidates.filter(({ network }) => leadsOut(network, family));
  return able.toSorted((a, b) => (b.endpoint.gatewayPriority ?? 0) - (a.endpoint.gatewayPriority ?? 0) || (a.network.name < b.network.name ? -1 : 1))[0];
}

function leadsOut(network: NetworkRecord, family: 4 | 6): boolean {
  return !network.internal && network.pools.some(({ subnet, gateway }) => subnet.includes(':') === (family === 6) && (gateway !== undefined || isRouted(network)));
}

/** The kernel itself routes for what is on the link: there is nobody to send to. */
export function isRouted({ driver, options }: NetworkRecord): boolean {
  return driver === 'ipvlan' && (options['ipvlan_mode'] ?? '').startsWith('l3');
}
