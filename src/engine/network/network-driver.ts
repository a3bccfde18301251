import type { NetlinkSocket } from '../linux/netlink.ts';
import type { EndpointRecord, NetworkRecord, PublishedPort } from './network-record.ts';

/** A container's network namespace. */
export interface Sandbox {
  /** The file that holds the namespace. */
  path: string;
  /** Configures links inside. */
  netlink: NetlinkSocket;
}

export interface EndpointRequest {
  endpointId: string;
  /** Fixed address, `172.18.0.9`. */
  address?: string;
  /** `02:42:ac:11:00:02`; derived from the address if absent. */
  mac?: string;
  aliases: readonly string[];
  ports: readonly PublishedPort[];
  /** Name of the interface inside: `eth0`. */
  interfaceName: string;
  /** Whether this network gives the container its default route. */
  defaultRoute: boolean;
}

/**
 * Makes networks of one kind. It keeps no records: what it is asked to make is described whole, and `create` after a restart
 * finds the kernel as it was left and adopts it.
 */
export interface NetworkDriver {
  readonly name: NetworkRecord['driver'];
  /** Makes what the kernel needs for the network. Idempotent: what is there already is kept, with the containers on it. */
  create(network: NetworkRecord): Promise<void>;
  /** Takes it away. Idempotent. The caller has made sure that nothing is attached. */
  delete(network: NetworkRecord): Promise<void>;
  /**
   * Connects a sandbox. Nothing is left on failure.
   * @throws ConflictError when an address or a host port is taken
   */
  attach(network: NetworkRecord, request: EndpointRequest, sandbox: Sandbox): Promise<EndpointRecord>;
  /** Marks an endpoint of a running container as present after a restart of the engine. */
  adopt(network: NetworkRecord, endpoint: EndpointRecord): void;
  /**
   * Takes an endpoint away. Never fails half-way: every part is tried. Idempotent.
   * @param options.isRunning the container goes on without it; otherwise its namespace ends too, and takes the links along
   */
  detach(network: NetworkRecord, endpoint: EndpointRecord, options?: { isRunning: boolean }): Promise<void>;
  /** Lets an endpoint give its container the default route. Nothing to do where the network leads nowhere. */
  giveDefaultRoute(network: NetworkRecord, endpoint: EndpointRecord, sandbox: Sandbox): void;
}
