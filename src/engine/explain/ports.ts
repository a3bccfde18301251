import type { NetworkFact } from '../../api/wire/explain.ts';
import type { EndpointRecord } from '../network/network-record.ts';

/** Where a container is connected, and the way of each of its published ports. Pure. */
export function networkFact(endpoint: EndpointRecord): NetworkFact {
  const target = endpoint.address ?? '';
  return {
    name: endpoint.networkName, interface: endpoint.interfaceName ?? null, hostInterface: endpoint.hostInterface ?? null,
    address: endpoint.address === undefined ? null : `${endpoint.address}/${String(endpoint.prefix ?? 32)}`, gateway: endpoint.gateway ?? null, mac: endpoint.mac ?? null,
    ports: endpoint.ports.map(({ protocol, hostAddress, hostPort, containerPort }) => {
      const everywhere = hostAddress === '0.0.0.0';
      const key = `${everywhere ? '' : `${hostAddress} . `}${protocol} . ${String(hostPort)}`;
      const to = `${target}:${String(containerPort)}`;
      return { host: `${hostAddress}:${String(hostPort)}/${protocol}`, rule: `nft map ${everywhere ? 'published' : 'published_at'} { ${key} : ${target} . ${String(containerPort)} }`, container: `${to}/${protocol}` };
    }),
  };
}
