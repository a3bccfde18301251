import type { NetlinkSocket } from '../linux/netlink.ts';
import type { EndpointRecord, NetworkRecord } from './network-record.ts';

/** A container's network namespace. */
export interface Sandbox {
  /** The file that holds the namespace. */
  path: string;
  /** Configures links inside. */
  netlink: NetlinkSocket;
}

/**
 * Makes networks of one kind. It keeps no records and gives out no addresses: what it is asked to make is described whole, and `create` after a
 * restart finds the kernel as it was left and adopts it.
 */
export interface NetworkDriver {
  readonly name: NetworkRecord['driver'];
  /** Makes what the kernel needs for the network. Idempotent: what is there already is kept, with the containers on it. */
  create(network: NetworkRecord): Promise<void>;
  /** Takes it away. Idempotent. The caller has made sure that nothing is attached. */
  delete(network: NetworkRecord): Promise<void>;
  /**
   * Connects a sandbox, without a default route. Nothing is left on failure.
   * @param endpoint everything but what the driver itself names
   */
  attach(network: NetworkRecord, endpoint: EndpointRecord, sandbox: Sandbox): Promise<EndpointRecord>;
  /** Marks an endpoint of a running container as present after a restart of the engine. */
  adopt(network: NetworkRecord, endpoint: EndpointRecord): void;
  /**
   * Takes an endpoint away. Never fails half-way: every part is tried. Idempotent.
   * @param options.sandbox of a container that goes on without it; otherwise its namespace ends too, and takes the links along
   */
  detach(network: NetworkRecord, endpoint: EndpointRecord, options?: { sandbox?: Sandbox }): Promise<void>;
}
