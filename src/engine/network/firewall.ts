import type { Logger } from '../../base/log.ts';
import { messageOf, UnavailableError } from '../../api/errors.ts';
import { ElementTable } from '../linux/nf-tables.ts';
import { watchRuleset } from '../linux/nft-monitor.ts';
import { applyNft } from '../linux/nft.ts';
import { elementChange, type Element } from './firewall-sets.ts';
import { networkElements, portElement, wholeTable, type RuleNetwork, type RulePort } from './nft-rules.ts';

/**
 * Strata's nftables table and what should be in it. Changes before `build` are only remembered. Where nft cannot be used, networks
 * work without a way out, and publishing ports is refused with the reason.
 */
export class Firewall {
  readonly table: string;
  readonly #log: Logger;
  /** What should be there, by set and key. */
  readonly #elements = new Map<string, Element>();
  #state: 'waiting' | 'ready' | 'off' | { unavailable: string } = 'waiting';
  #kernel: ElementTable | undefined;
  #watch: Disposable | undefined;
  #rules = 0;
  /** What has to wait until the table is whole again. */
  #building: Promise<void> = Promise.resolve();
  #checkIsDue = false;

  /** @param options.isOff nothing is to be written, whatever is asked for */
  constructor(table: string, options: { isOff: boolean; log: Logger }) {
    this.table = table;
    this.#log = options.log;
    if (options.isOff) this.#state = 'off';
  }

  /** Writes the table whole, and from then on again whenever somebody takes it away. */
  async build(): Promise<void> {
    if (this.#state === 'off') return;
    this.#building = this.#build();
    await this.#building;
    this.#watch ??= this.#state === 'ready' ? watchRuleset(this.#log, (table) => { if (table === `inet ${this.table}`) this.#checkSoon(); }) : undefined;
  }

  async #build(): Promise<void> {
    try {
      // One of an earlier version, of another family.
      await applyNft(`table ip ${this.table} {}\ndelete table ip ${this.table}\n${wholeTable(this.table, [...this.#elements.values()])}`, this.#log);
      this.#kernel ??= new ElementTable(this.table);
      this.#rules = this.#kernel.countRules();
      this.#state = 'ready';
    } catch (error) {
      this.#state = { unavailable: messageOf(error) };
      this.#log.warn('no firewall: containers have no way out and ports cannot be published', { error });
    }
  }

  /** Deletions come in crowds: the table is looked at once, when they have been told. */
  #checkSoon(): void {
    if (this.#checkIsDue) return;
    this.#checkIsDue = true;
    setImmediate(() => {
      this.#building = this.#building.then(async () => {
        this.#checkIsDue = false;
        if (this.#state !== 'ready' || this.#kernel?.countRules() === this.#rules) return;
        this.#log.warn('somebody has changed the firewall table: written again', { table: this.table });
        await this.#build();
      }).catch((error: unknown) => { this.#log.error('cannot look after the firewall', { error }); });
    });
  }

  async addNetwork(network: RuleNetwork): Promise<void> {
    await this.#add(networkElements(network));
  }

  async deleteNetwork(network: RuleNetwork): Promise<void> {
    await this.#delete(networkElements(network));
  }

  /** @throws UnavailableError where nft cannot be used */
  async addPorts(ports: readonly RulePort[]): Promise<void> {
    if (ports.length === 0) return;
    this.#checkAvailable();
    await this.#add(ports.map(portElement));
  }

  async deletePorts(ports: readonly RulePort[]): Promise<void> {
    await this.#delete(ports.map(portElement));
  }

  /** Remembers a port of a container that runs on, for `build`. */
  adoptPorts(ports: readonly RulePort[]): void {
    for (const element of ports.map(portElement)) this.#elements.set(keyOf(element), element);
  }

  /** Takes the table away. */
  async remove(): Promise<void> {
    this.#watch?.[Symbol.dispose]();
    await this.#building;
    if (this.#state === 'ready') await applyNft(`table inet ${this.table} {}\ndelete table inet ${this.table}`, this.#log);
    if (this.#state === 'ready') this.#state = 'waiting';
    this.close();
  }

  /** Lets go of the kernel; the table stays. */
  close(): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    this.#kernel?.[Symbol.dispose]();
    this.#kernel = undefined;
  }

  async #add(elements: readonly Element[]): Promise<void> {
    const missing = elements.filter((element) => !this.#elements.has(keyOf(element)));
    for (const element of missing) this.#elements.set(keyOf(element), element);
    try {
      await this.#change('add', missing);
    } catch (error) {
      for (const element of missing) this.#elements.delete(keyOf(element));
      throw error;
    }
  }

  async #delete(elements: readonly Element[]): Promise<void> {
    await this.#change('delete', elements.filter((element) => this.#elements.delete(keyOf(element))));
  }

  async #change(verb: 'add' | 'delete', elements: readonly Element[]): Promise<void> {
    await this.#building;
    if (elements.length === 0 || this.#state !== 'ready') return;
    try {
      this.#kernel?.change([elementChange(verb, elements)]);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      // The table has gone and nobody has told yet: what should be there is known.
      this.#building = this.#build();
      await this.#building;
      this.#checkAvailable(error);
    }
  }

  #checkAvailable(cause?: unknown): void {
    if (typeof this.#state === 'object') throw new UnavailableError(`cannot publish ports: ${this.#state.unavailable}`, { cause });
  }
}

function keyOf({ set, key }: Element): string {
  return `${set} ${key.join(' ')}`;
}
