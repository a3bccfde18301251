import { InvalidArgumentError, NotFoundError, PermissionDeniedError } from '../../api/errors.ts';
import type { NetworkRecord } from '../network/network-record.ts';
import type { Networks } from '../network/networks.ts';
import { plannedNetworks, type ContainerNetwork } from './container-network.ts';
import type { WantedEndpoint } from './container-record.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { Container } from './container.ts';
import { resolveLinks } from './links.ts';
import { sharedWith } from './modes.ts';

/** Connects containers that are there with networks, and disconnects them, whether or not they run. */
export class NetworkChanges {
  readonly #registry: ContainerRegistry;
  readonly #networks: Networks;
  readonly #network: ContainerNetwork;

  constructor(options: { registry: ContainerRegistry; networks: Networks; network: ContainerNetwork }) {
    this.#registry = options.registry;
    this.#networks = options.networks;
    this.#network = options.network;
  }

  /** @throws PermissionDeniedError when it is there already, InvalidArgumentError for networks that cannot be, in dockerd's words */
  async connect(container: Container, network: NetworkRecord, wanted: WantedEndpoint): Promise<void> {
    await this.#registry.lock.run(container.id, async () => {
      const present = this.#present(container);
      checkConnection(container, network, wanted, [...present.values()].map(({ driver }) => driver));
      if (present.has(network.id)) throw new PermissionDeniedError(`endpoint with name ${container.record.name} already exists in network ${network.name}`);
      const networks = { ...this.#byName(container), [network.name]: wanted };
      if (!container.running) {
        this.#registry.update(container, { networks, networksAreWhole: true });
        return;
      }
      const hadNames = this.#network.hasNames(container);
      const endpoint = await this.#network.join(container, network, wanted);
      this.#registry.update(container, { networks, networksAreWhole: true, endpoints: [...container.record.endpoints, endpoint] });
      await this.#writeHosts(container);
      await this.#network.announceNames(container, hadNames);
    });
  }

  /** @param force forget it even where it is not known to be connected @throws PermissionDeniedError when it is not there */
  async disconnect(container: Container, network: NetworkRecord, force: boolean): Promise<void> {
    await this.#registry.lock.run(container.id, async () => {
      if (network.driver === 'host') throw new InvalidArgumentError('container cannot be disconnected from host network or connected to host network');
      if (!this.#present(container).has(network.id)) {
        if (force) return;
        throw new PermissionDeniedError(`container ${container.id} is not connected to network ${network.name}`);
      }
      const networks = Object.fromEntries(Object.entries(this.#byName(container)).filter(([name]) => name !== network.name));
      const endpoint = container.record.endpoints.find(({ networkId }) => networkId === network.id);
      if (endpoint) await this.#network.leave(container, endpoint);
      this.#registry.update(container, { networks, networksAreWhole: true, endpoints: container.record.endpoints.filter(({ networkId }) => networkId !== network.id) });
      if (!container.running) return;
      await this.#writeHosts(container);
      await this.#network.announceNames(container, true);
    });
  }

  /** The networks that it is in, or will be; those that are gone are left out. */
  #present(container: Container): Map<string, NetworkRecord> {
    if (container.running) return new Map(container.record.endpoints.map(({ networkId }) => [networkId, this.#networks.get(networkId)]));
    return new Map(this.#wanted(container).map(({ network }) => [network.id, network]));
  }

  #wanted(container: Container): { network: NetworkRecord; wanted: WantedEndpoint }[] {
    return plannedNetworks(container.record).flatMap(([name, wanted]) => {
      try {
        return [{ network: this.#networks.get(name), wanted }];
      } catch (error) {
        if (error instanceof NotFoundError) return [];
        throw error;
      }
    });
  }

  #byName(container: Container): Record<string, WantedEndpoint> {
    const present = this.#present(container);
    return Object.fromEntries(this.#wanted(container).filter(({ network }) => present.has(network.id)).map(({ network, wanted }) => [network.name, wanted]));
  }

  async #writeHosts(container: Container): Promise<void> {
    await this.#network.updateHosts(container, resolveLinks(container.record, this.#registry).hosts);
  }
}

function checkConnection({ record }: Container, network: NetworkRecord, wanted: WantedEndpoint, present: readonly NetworkRecord['driver'][]): void {
  if (network.driver === 'host') throw new InvalidArgumentError('container cannot be disconnected from host network or connected to host network');
  if (sharedWith(record.hostConfig.NetworkMode) !== undefined || present.includes('host')) throw new InvalidArgumentError('container sharing network namespace with another container or host cannot be connected to any other network');
  if (network.driver === 'null' || present.includes('null')) throw new InvalidArgumentError('container cannot be connected to multiple networks with one of the networks in private (none) mode');
  if (network.name !== 'bridge') return;
  if (wanted.aliases.length > 0) throw new InvalidArgumentError('network-scoped alias is supported only for containers in user defined networks');
  if (wanted.address !== undefined) throw new InvalidArgumentError('user specified IP address is supported on user defined networks only');
}
