import type { NetworkFact } from '../../api/wire/explain.ts';
import type { EndpointRecord, PublishedPort } from '../network/network-record.ts';
import { portElement } from '../network/nft-rules.ts';

/** Where a container is connected, and the way of each of its published ports. Pure. */
export function networkFact(endpoint: EndpointRecord): NetworkFact {
  return {
    name: endpoint.networkName, interface: endpoint.interfaceName ?? null, hostInterface: endpoint.hostInterface ?? null,
    address: endpoint.address === undefined ? null : `${endpoint.address}/${String(endpoint.prefix ?? 32)}`, gateway: endpoint.gateway ?? null, mac: endpoint.mac ?? null,
    ports: endpoint.ports.map((port) => {
      const isIpv6 = port.hostAddress.includes(':');
      const translated = isIpv6 ? endpoint.address6 : endpoint.address;
      const to = translated ?? endpoint.address ?? '';
      return {
        host: `${bracketed(port.hostAddress)}:${String(port.hostPort)}/${port.protocol}`, container: `${bracketed(to)}:${String(port.containerPort)}/${port.protocol}`,
        rule: translated === undefined ? 'relayed by the engine' : ruleOf(port, translated),
      };
    }),
  };
}

function ruleOf(port: PublishedPort, containerAddress: string): string {
  const { set, key, data } = portElement({ ...port, containerAddress, routed: false });
  return `nft map ${set} { ${key.join(' . ')} : ${data?.join(' . ') ?? ''} }`;
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
