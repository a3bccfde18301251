import type { ServerResponse } from 'node:http';
import { messageOf } from '../../api/errors.ts';
import type { ProgressMessage } from '../../api/wire/image.ts';
import type { RouteContext } from './route.ts';

/** How often the bar of one layer moves, at most. */
const BAR_EVERY_MS = 100;

/**
 * Docker's progress: JSON messages on lines, in one reply. The head goes out with the first message, so that a failure before it is still
 * a status. A client that does not read never holds up the work: bars are left out for it, words are not.
 */
export class ProgressStream {
  readonly #context: RouteContext;
  readonly #barAt = new Map<string, number>();
  #response: ServerResponse | undefined;

  constructor(context: RouteContext) {
    this.#context = context;
  }

  /** A state that others may follow and that must be seen. */
  say(message: ProgressMessage): void {
    this.#response ??= this.#context.streamHead(200, { 'content-type': 'application/json' });
    if (!this.#response.destroyed) this.#response.write(`${JSON.stringify(message)}\r\n`);
  }

  /** The position of a bar; most of them may be left out. The last one, at its end, is shown. */
  bar(status: string, id: string, current: number, total: number): void {
    const now = performance.now();
    const last = this.#barAt.get(id) ?? -Infinity;
    if (current < total && now - last < BAR_EVERY_MS) return;
    if (this.#response?.writableNeedDrain === true) return;
    this.#barAt.set(id, now);
    this.say({ status, progressDetail: { current, total }, progress: drawBar(current, total), id });
  }

  /** Runs the work and ends the reply. @throws what the work throws, if nothing has been said yet */
  async finish(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#response) throw error;
      const message = messageOf(error);
      this.say({ errorDetail: { message }, error: message });
    }
    this.#response ??= this.#context.streamHead(200, { 'content-type': 'application/json' });
    this.#response.end();
  }
}

/** The text that older clients show as it is. */
function drawBar(current: number, total: number): string {
  if (total <= 0) return humanSize(current);
  const done = Math.min(50, Math.floor((current / total) * 50));
  const bar = done < 50 ? `${'='.repeat(done)}>${' '.repeat(50 - done)}` : `${'='.repeat(50)}>`;
  return `[${bar}]  ${humanSize(current)}/${humanSize(total)}`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Four significant digits in powers of 1000, as docker writes sizes. */
function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toPrecision(4))}${UNITS[unit] ?? 'B'}`;
}
