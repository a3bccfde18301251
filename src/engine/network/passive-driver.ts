import type { NetworkDriver } from './network-driver.ts';
import type { EndpointRecord, NetworkRecord } from './network-record.ts';

/** `host` (the container uses the host's network) and `null` (it has only a loopback): nothing to make, nothing to take away. */
export class PassiveDriver implements NetworkDriver {
  readonly name: 'host' | 'null';

  constructor(name: 'host' | 'null') {
    this.name = name;
  }

  create(): Promise<void> {
    return Promise.resolve();
  }

  delete(): Promise<void> {
    return Promise.resolve();
  }

  attach(_network: NetworkRecord, { id, networkId, networkName }: EndpointRecord): Promise<EndpointRecord> {
    return Promise.resolve({ id, networkId, networkName, aliases: [], ports: [] });
  }

  adopt(): void {
    // Nothing is held.
  }

  detach(): Promise<void> {
    return Promise.resolve();
  }
}
