/** A network as the store keeps it. */
export interface NetworkRecord {
  /** 64 hex digits. */
  id: string;
  name: string;
  driver: 'bridge' | 'host' | 'null';
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** No way out of the network, and none in. */
  internal: boolean;
  attachable: boolean;
  labels: Readonly<Record<string, string>>;
  options: Readonly<Record<string, string>>;
  /** Bridges only. */
  bridge?: BridgeSettings;
}

export interface BridgeSettings {
  interfaceName: string;
  /** Gateway address and prefix length: `172.17.0.1/16`. */
  address: string;
  /** Addresses for containers come from here; the whole subnet if absent. */
  range?: string;
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
  mac?: string;
  ports: readonly PublishedPort[];
}

/** A host port that leads to a container's. */
export interface PublishedPort {
  protocol: 'tcp' | 'udp' | 'sctp';
  /** `0.0.0.0` for every address. */
  hostAddress: string;
  hostPort: number;
  containerPort: number;
}
