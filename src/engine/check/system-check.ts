import { messageOf } from '../../api/errors.ts';
import type { CheckFinding, CheckMessage, CheckSummary } from '../../api/wire/check.ts';
import type { Logger } from '../../base/log.ts';
import type { CheckStep, Finding, StepContext } from './finding.ts';

export interface CheckOptions {
  /** Put right what can be: leftovers go, damaged blobs and layers go so that a pull brings them again. */
  repair: boolean;
  signal: AbortSignal;
}

const PROGRESS_EVERY_MS = 100;

/** Looks whether everything that the engine keeps is whole, step by step. Safe beside whatever else it does. */
export class SystemCheck {
  readonly #steps: readonly CheckStep[];
  readonly #collect: () => Promise<unknown>;
  readonly #facts: () => Promise<Pick<CheckSummary, 'checked' | 'unused'>>;
  readonly #log: Logger;

  /**
   * @param parts.collect removes what nobody needs: the last act of a repair
   * @param parts.facts asked once, after the last step
   */
  constructor(parts: { steps: readonly CheckStep[]; collect: () => Promise<unknown>; facts: () => Promise<Pick<CheckSummary, 'checked' | 'unused'>>; log: Logger }) {
    this.#steps = parts.steps;
    this.#collect = parts.collect;
    this.#facts = parts.facts;
    this.#log = parts.log;
  }

  /**
   * Progress and findings as they come, then the summary.
   * @throws the signal's reason when it aborts; nothing is half repaired then
   */
  async *run({ repair, signal }: CheckOptions): AsyncGenerator<CheckMessage> {
    let findings = 0;
    let repaired = 0;
    for (const step of this.#steps) {
      const context = new ProgressKeeper(step.name, signal);
      yield context.message();
      for await (const finding of this.#withProgress(step, context)) {
        if ('progress' in finding) { yield finding; continue; }
        const told = await this.#tell(step, finding, repair);
        findings += 1;
        if (told.repaired) repaired += 1;
        yield { finding: told };
      }
      yield context.message();
    }
    if (repair) await this.#collect();
    const summary: CheckSummary = { findings, repaired, ...(await this.#facts()) };
    this.#log.info('store checked', { findings, repaired });
    yield { summary };
  }

  /** A step's findings, with its progress between them as often as people can follow. */
  async *#withProgress(step: CheckStep, context: ProgressKeeper): AsyncGenerator<Finding | CheckMessage & { progress: object }> {
    const findings = step.run(context)[Symbol.asyncIterator]();
    try {
      for (let next = findings.next(); ;) {
        const result = await Promise.race([next, context.due()]);
        context.signal.throwIfAborted();
        if (result === undefined) { yield context.message(); continue; }
        if (result.done === true) return;
        yield result.value;
        next = findings.next();
      }
    } finally {
      await findings.return?.();
    }
  }

  async #tell(step: CheckStep, finding: Finding, repair: boolean): Promise<CheckFinding> {
    const { kind, subject, text, remedy } = finding;
    const told: CheckFinding = { step: step.name, kind, subject, text, repairable: finding.repair !== undefined, repaired: false, ...(remedy === undefined ? {} : { remedy }) };
    if (!repair || !finding.repair) return told;
    try {
      await finding.repair();
      this.#log.info('repaired', { kind, subject });
      return { ...told, repaired: true };
    } catch (error) {
      return { ...told, text: `${text}; it cannot be repaired: ${messageOf(error)}` };
    }
  }
}

/** Remembers how far a step is, and says when that is worth telling. */
class ProgressKeeper implements StepContext {
  readonly signal: AbortSignal;
  readonly #step: CheckStep['name'];
  #done = 0;
  #total = 0;
  #toldAt = performance.now();
  #due = Promise.withResolvers<undefined>();

  constructor(step: CheckStep['name'], signal: AbortSignal) {
    this.signal = signal;
    this.#step = step;
    signal.addEventListener('abort', () => { this.#due.resolve(undefined); }, { once: true });
  }

  /** A function of its own: steps take it out of the context. */
  readonly progress = (done: number, total: number): void => {
    this.#done = done;
    this.#total = total;
    if (performance.now() - this.#toldAt >= PROGRESS_EVERY_MS) this.#due.resolve(undefined);
  };

  due(): Promise<undefined> {
    return this.#due.promise;
  }

  message(): CheckMessage & { progress: object } {
    this.#toldAt = performance.now();
    if (!this.signal.aborted) this.#due = Promise.withResolvers();
    return { progress: { step: this.#step, done: this.#done, total: this.#total } };
  }
}
