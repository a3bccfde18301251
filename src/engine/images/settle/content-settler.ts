import type { Logger } from '../../../base/log.ts';
import type { UnsettledRecords } from './unsettled-records.ts';

/** What is removed again soon need not be written at all, and several images are one write. */
const DELAY_MS = 5000;

export interface ContentSettlerParts {
  records: UnsettledRecords;
  /** Waits until everything written so far is on the disk. */
  sync: () => Promise<void>;
  log: Logger;
  /** Called after something has settled. */
  onSettled: () => void;
}

/**
 * Sees to it in the background that images get to the disk, and takes their marks off when they are there: one syncfs for all that were
 * recorded before it.
 */
export class ContentSettler {
  readonly #parts: ContentSettlerParts;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: ContentSettlerParts) {
    this.#parts = parts;
  }

  /** Something was recorded: it is written soon. */
  schedule(): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => { void this.settle(); }, DELAY_MS).unref();
  }

  /** Resolves when everything that is recorded now is on the disk, or the disk has refused, which is logged. */
  settle(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running = this.#running.then(() => this.#settle());
    return this.#running;
  }

  async #settle(): Promise<void> {
    const { records, sync, log, onSettled } = this.#parts;
    if (this.#closed) return;
    const last = records.list().at(-1);
    if (!last) return;
    try {
      await sync();
    } catch (error) {
      log.warn('images may not survive a power cut: the disk did not take them', { error });
      return;
    }
    // The call may have taken longer than the engine has lived.
    if (this.#isClosed()) return;
    records.settleUpTo(last.position);
    onSettled();
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  /** What is not settled stays marked. A call that is under way is not waited for. */
  close(): void {
    clearTimeout(this.#timer);
    this.#closed = true;
  }
}
