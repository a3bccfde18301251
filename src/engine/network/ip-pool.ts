import { ConflictError, InvalidArgumentError, UnavailableError } from '../../api/errors.ts';
import { type Cidr, contains, formatIpv4 } from './cidr.ts';

/**
 * The addresses of one subnet. Given out in turn, not lowest first: the kernel takes a dead container's interface apart some time
 * after it has gone, and its address must not answer for another meanwhile. Pure memory: who holds what is in the containers' records.
 */
export class IpPool {
  readonly subnet: Cidr;
  /** What is given out: the subnet, or a part of it (`--ip-range`). */
  readonly #range: Cidr;
  readonly #taken = new Set<number>();
  #next: number;

  /** @param reserved addresses that are never given out (the gateway) */
  constructor(subnet: Cidr, reserved: readonly number[], range: Cidr = subnet) {
    this.subnet = subnet;
    this.#range = range;
    this.#next = range.network;
    for (const address of [subnet.network, subnet.broadcast, ...reserved]) this.#taken.add(address);
  }

  /**
   * A free address, or exactly `wanted`.
   * @throws InvalidArgumentError when `wanted` is outside, ConflictError when it is taken, UnavailableError when all are
   */
  allocate(wanted?: number): number {
    if (wanted !== undefined) return this.#allocateExactly(wanted);
    const size = this.#range.broadcast - this.#range.network + 1;
    for (let tried = 0; tried < size; tried += 1) {
      const address = this.#next;
      this.#next = address === this.#range.broadcast ? this.#range.network : address + 1;
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      return address;
    }
    throw new UnavailableError('no available IPv4 addresses on this network: remove containers from it or make a larger one');
  }

  #allocateExactly(wanted: number): number {
    if (!contains(this.subnet, wanted)) throw new InvalidArgumentError(`the address ${formatIpv4(wanted)} is not in this network's subnet`);
    if (this.#taken.has(wanted)) throw new ConflictError(`Address already in use: ${formatIpv4(wanted)}`);
    this.#taken.add(wanted);
    return wanted;
  }

  /** Idempotent. */
  release(address: number): void {
    if (address !== this.subnet.network && address !== this.subnet.broadcast) this.#taken.delete(address);
  }
}
