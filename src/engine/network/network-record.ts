/** A network as the store keeps it. */
export interface NetworkRecord {
  /** 64 hex digits. */
  id: string;
  name: string;
  driver: 'bridge' | 'macvlan' | 'ipvlan' | 'host' | 'null';
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** No way out of the network, and none in. */
  internal: boolean;
  attachable: boolean;
  labels: Readonly<Record<string, string>>;
  /** As they were given; what they mean is in bridge-options.ts and link-options.ts. */
  options: Readonly<Record<string, string>>;
  enableIpv4: boolean;
  enableIpv6: boolean;
  ipamOptions: Readonly<Record<string, string>> | null;
  /** Subnets, of IPv4 first. A bridge has one of each family at most. */
  pools: readonly PoolRecord[];
  /** Bridges only. */
  bridge?: BridgeSettings;
}

export interface PoolRecord {
  /** `172.17.0.0/16` */
  subnet: string;
  /** Addresses for containers come from here; the whole subnet if absent. */
  range?: string;
  /** Absent in networks without a way out that nobody has given one. */
  gateway?: string;
  /** Addresses that somebody else has, by name. */
  auxiliary?: Readonly<Record<string, string>>;
  /** Chosen by the engine: containers cannot ask for addresses of it. */
  chosen?: true;
}

export interface BridgeSettings {
  interfaceName: string;
  mtu: number;
}

/** A container's place in a network, as its record keeps it. */
export interface EndpointRecord {
  /** 64 hex digits. */
  id: string;
  networkId: string;
  networkName: string;
  aliases: readonly string[];
  /** Name of the interface inside; absent where the driver makes none. */
  interfaceName?: string;
  hostInterface?: string;
  address?: string;
  prefix?: number;
  gateway?: string;
  address6?: string;
  prefix6?: number;
  gateway6?: string;
  mac?: string;
  /** Of networks that could give the way out, the one with the highest does. */
  gatewayPriority?: number;
  driverOptions?: Readonly<Record<string, string>>;
  ports: readonly PublishedPort[];
}

/** A host port that leads to a container's. */
export interface PublishedPort {
  protocol: 'tcp' | 'udp' | 'sctp';
  /** `0.0.0.0` or `::` for every address of its family. */
  hostAddress: string;
  hostPort: number;
  containerPort: number;
}
