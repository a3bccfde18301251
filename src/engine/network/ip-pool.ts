import { InternalError, InvalidArgumentError, PermissionDeniedError } from '../../api/errors.ts';
import { type Cidr, contains, type IpAddress } from './cidr.ts';

/**
 * The addresses of one subnet. Given out in turn, not lowest first: the kernel takes a dead container's interface apart some time
 * after it has gone, and its address must not answer for another meanwhile. Pure memory: who holds what is in the containers' records.
 */
export class IpPool {
  readonly subnet: Cidr;
  /** What is given out: the subnet, or a part of it (`--ip-range`). */
  readonly #range: Cidr;
  readonly #taken = new Set<bigint>();
  readonly #reserved: ReadonlySet<bigint>;
  #next: bigint;

  /** @param reserved addresses that are never given out (the gateway) */
  constructor(subnet: Cidr, reserved: readonly bigint[], range: Cidr = subnet) {
    this.subnet = subnet;
    this.#range = range;
    this.#next = range.network;
    // A subnet of two addresses has no room for those of the network itself (RFC 3021).
    const own = subnet.broadcast - subnet.network < 2n ? [] : subnet.family === 4 ? [subnet.network, subnet.broadcast] : [subnet.network];
    this.#reserved = new Set([...own, ...reserved]);
    for (const address of this.#reserved) this.#taken.add(address);
  }

  /**
   * A free address, or exactly `wanted`.
   * @throws InvalidArgumentError when `wanted` is outside, PermissionDeniedError when it is taken, InternalError when all are: with dockerd's words
   */
  allocate(wanted?: IpAddress): bigint {
    if (wanted !== undefined) return this.#allocateExactly(wanted);
    const size = this.#range.broadcast - this.#range.network + 1n;
    // Of what has been given out so far one more is free, so huge subnets are not walked to their end.
    const tries = size < BigInt(this.#taken.size + 1) ? size : BigInt(this.#taken.size + 1);
    for (let tried = 0n; tried < tries; tried += 1n) {
      const address = this.#next;
      this.#next = address === this.#range.broadcast ? this.#range.network : address + 1n;
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      return address;
    }
    throw new InternalError(`no available IPv${String(this.subnet.family)} addresses on this network's address pools`);
  }

  #allocateExactly(wanted: IpAddress): bigint {
    if (!contains(this.subnet, wanted)) throw new InvalidArgumentError('requested address is out of range');
    if (this.#taken.has(wanted.value)) throw new PermissionDeniedError('Address already in use');
    this.#taken.add(wanted.value);
    return wanted.value;
  }

  /** Idempotent. */
  release(address: bigint): void {
    if (!this.#reserved.has(address)) this.#taken.delete(address);
  }
}
