import { InternalError, InvalidArgumentError, StrataError } from '../../api/errors.ts';
import { contains, type Family, formatIp, parseCidr, parseIp } from './cidr.ts';
import { containerGateway } from './default-bridge.ts';
import { IpPool } from './ip-pool.ts';
import type { EndpointRecord, NetworkRecord, PoolRecord } from './network-record.ts';

type Addresses = Pick<EndpointRecord, 'address' | 'prefix' | 'gateway' | 'address6' | 'prefix6' | 'gateway6'>;

/** What is given out of the subnets of one network. */
export class NetworkAddresses {
  readonly #network: Pick<NetworkRecord, 'id' | 'name'>;
  readonly #pools: readonly { pool: IpPool; record: PoolRecord }[];

  constructor(network: NetworkRecord) {
    this.#network = network;
    this.#pools = network.pools.map((record) => ({ record, pool: makePool(record) }));
  }

  /** One address of each family that the network has. All or none. @throws in dockerd's words */
  allocate(wanted: { address?: string; address6?: string }): Addresses {
    const first = this.#allocate(4, wanted.address);
    try {
      const second = this.#allocate(6, wanted.address6);
      return {
        ...(first ? { address: first.address, prefix: first.prefix, ...(first.gateway === undefined ? {} : { gateway: first.gateway }) } : {}),
        ...(second ? { address6: second.address, prefix6: second.prefix, ...(second.gateway === undefined ? {} : { gateway6: second.gateway }) } : {}),
      };
    } catch (error) {
      if (first) this.release({ address: first.address });
      throw error;
    }
  }

  #allocate(family: Family, wanted: string | undefined): { address: string; prefix: number; gateway?: string } | undefined {
    const pools = this.#pools.filter(({ pool }) => pool.subnet.family === family);
    const address = wanted === undefined ? undefined : parseIp(wanted);
    if (address && !pools.some(({ pool }) => contains(pool.subnet, address))) throw new InvalidArgumentError(`invalid address ${wanted ?? ''}: It does not belong to any of this network's subnets`);
    let refusal: StrataError | undefined;
    for (const { pool, record } of pools.filter(({ pool: { subnet } }) => address === undefined || contains(subnet, address))) {
      try {
        const value = pool.allocate(address);
        const gateway = containerGateway(record);
        return { address: formatIp({ family, value }), prefix: pool.subnet.prefix, ...(gateway === undefined ? {} : { gateway }) };
      } catch (error) {
        if (!(error instanceof StrataError)) throw error;
        refusal = error;
      }
    }
    if (refusal instanceof InternalError) throw new InternalError(`${refusal.message}: ${this.#network.name} (${this.#network.id})`, { cause: refusal });
    if (refusal !== undefined) throw refusal;
    return undefined;
  }

  /** Marks what a container that runs on has. What two records claim is taken either way. */
  adopt(endpoint: Addresses): void {
    for (const text of [endpoint.address, endpoint.address6]) {
      if (text === undefined) continue;
      const address = parseIp(text);
      try {
        this.#pools.find(({ pool }) => contains(pool.subnet, address))?.pool.allocate(address);
      } catch (error) {
        if (!(error instanceof StrataError)) throw error;
      }
    }
  }

  /** Idempotent. */
  release(endpoint: Addresses): void {
    for (const text of [endpoint.address, endpoint.address6]) {
      if (text === undefined) continue;
      const address = parseIp(text);
      this.#pools.find(({ pool }) => contains(pool.subnet, address))?.pool.release(address.value);
    }
  }
}

function makePool(record: PoolRecord): IpPool {
  const reserved = [...(record.gateway === undefined ? [] : [record.gateway]), ...Object.values(record.auxiliary ?? {})].map((text) => parseIp(text).value);
  return new IpPool(parseCidr(record.subnet), reserved, record.range === undefined ? undefined : parseCidr(record.range));
}
