import type { Logger } from '../../base/log.ts';
import { UnavailableError } from '../../api/errors.ts';
import { applyNft } from '../linux/nft.ts';
import { addNetwork, addPorts, deleteNetwork, deletePorts, wholeTable, type RuleNetwork, type RulePort } from './nft-rules.ts';

/**
 * Strata's nftables table and what should be in it. Changes before `build` are only remembered. Where nft cannot be used, networks
 * work without a way out, and publishing ports is refused with the reason.
 */
export class Firewall {
  readonly table: string;
  readonly #log: Logger;
  readonly #networks = new Map<string, RuleNetwork>();
  readonly #ports = new Map<string, RulePort>();
  #state: 'waiting' | 'ready' | { unavailable: string } = 'waiting';

  constructor(table: string, log: Logger) {
    this.table = table;
    this.#log = log;
  }

  /** Writes the table whole. */
  async build(): Promise<void> {
    try {
      await applyNft(wholeTable(this.table, [...this.#networks.values()], [...this.#ports.values()]), this.#log);
      this.#state = 'ready';
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#state = { unavailable: reason };
      this.#log.warn('no firewall: containers have no way out and ports cannot be published', { error });
    }
  }

  async addNetwork(network: RuleNetwork): Promise<void> {
    const known = this.#networks.has(network.interfaceName);
    this.#networks.set(network.interfaceName, network);
    if (!known && this.#state === 'ready') await applyNft(addNetwork(this.table, network), this.#log);
  }

  async deleteNetwork(interfaceName: string): Promise<void> {
    const network = this.#networks.get(interfaceName);
    this.#networks.delete(interfaceName);
    if (network && this.#state === 'ready') await applyNft(deleteNetwork(this.table, network), this.#log);
  }

  /** @throws UnavailableError where nft cannot be used */
  async addPorts(ports: readonly RulePort[]): Promise<void> {
    if (ports.length === 0) return;
    if (typeof this.#state === 'object') throw new UnavailableError(`cannot publish ports: ${this.#state.unavailable}`);
    if (this.#state === 'ready') await applyNft(addPorts(this.table, ports), this.#log);
    for (const port of ports) this.#ports.set(keyOf(port), port);
  }

  async deletePorts(ports: readonly RulePort[]): Promise<void> {
    const present = ports.filter((port) => this.#ports.delete(keyOf(port)));
    if (present.length > 0 && this.#state === 'ready') await applyNft(deletePorts(this.table, present), this.#log);
  }

  /** Remembers a port of a container that runs on, for `build`. */
  adoptPorts(ports: readonly RulePort[]): void {
    for (const port of ports) this.#ports.set(keyOf(port), port);
  }

  /** Takes the table away. */
  async remove(): Promise<void> {
    if (this.#state === 'ready') await applyNft(`delete table ip ${this.table}`, this.#log);
    this.#state = 'waiting';
  }
}

function keyOf(port: RulePort): string {
  return `${port.hostAddress} ${port.protocol} ${String(port.hostPort)}`;
}
