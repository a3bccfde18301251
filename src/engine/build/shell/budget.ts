import { InvalidArgumentError } from '../../../api/errors.ts';

const MEBI = 1024 * 1024;

/**
 * How much text the expansions of one Dockerfile may make, together. Variables made of variables grow by doubling: thirty lines
 * suffice for gigabytes.
 */
export class ExpansionBudget {
  readonly #limit: number;
  #left: number;

  /** @param limit in characters */
  constructor(limit = 64 * MEBI) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** @throws InvalidArgumentError when it is used up */
  spend(characters: number): void {
    this.#left -= characters;
    if (this.#left < 0) throw new InvalidArgumentError(`the values of variables grow to more than ${Math.floor(this.#limit / MEBI)} MiB`);
  }
}
