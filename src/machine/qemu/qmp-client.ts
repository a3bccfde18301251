import type { Duplex } from 'node:stream';
import { InternalError, UnavailableError } from '../../api/errors.ts';
import { LineSplitter } from '../guest/line-splitter.ts';

const LINE_LIMIT = 1024 * 1024;

interface Waiter {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/**
 * Client of QEMU's machine protocol over a stream it owns.
 * Source: QEMU "QEMU Machine Protocol Specification" (docs/interop/qmp-spec): greeting, `qmp_capabilities`, then commands with
 * an `id` that the answer repeats; events come in between.
 */
export class QmpClient {
  readonly #stream: Duplex;
  readonly #waiting = new Map<number, Waiter>();
  readonly #greeted = Promise.withResolvers<undefined>();
  #sequence = 0;
  #gone: Error | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#greeted.promise.catch(() => undefined);
    const lines = new LineSplitter({ limit: LINE_LIMIT, onLine: (line) => { this.#onLine(line); } });
    stream.on('data', (chunk: Buffer) => { lines.push(chunk); });
    const onGone = (): void => { this.#close(new UnavailableError('the monitor of the virtual machine has closed')); };
    stream.on('error', onGone).on('end', onGone).on('close', onGone);
  }

  /** Waits for the greeting and leaves negotiation mode. Once, before the first command. */
  async connect(signal: AbortSignal): Promise<void> {
    await abortable(this.#greeted.promise, signal);
    await this.execute('qmp_capabilities', undefined, signal);
  }

  /**
   * Runs a command and returns its `return` value, unchecked.
   * @throws InternalError that carries QEMU's words; UnavailableError when the process has gone; the signal's reason.
   */
  async execute(command: string, args?: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<unknown> {
    if (this.#gone !== undefined) throw this.#gone;
    this.#sequence += 1;
    const id = this.#sequence;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject: (error) => { reject(error); } });
    this.#stream.write(`${JSON.stringify({ execute: command, id, ...(args === undefined ? {} : { arguments: args }) })}\n`);
    try {
      return await (signal === undefined ? promise : abortable(promise, signal));
    } finally {
      this.#waiting.delete(id);
    }
  }

  #onLine(line: string): void {
    let message: { QMP?: unknown; id?: unknown; return?: unknown; error?: { desc?: unknown } };
    try {
      const parsed: unknown = JSON.parse(line);
      if (typeof parsed !== 'object' || parsed === null) return;
      message = parsed;
    } catch {
      return;
    }
    if (message.QMP !== undefined) this.#greeted.resolve(undefined);
    const waiter = typeof message.id === 'number' ? this.#waiting.get(message.id) : undefined;
    if (waiter === undefined) return;
    if (message.error === undefined) waiter.resolve(message.return);
    else waiter.reject(new InternalError(`qemu refused: ${String(message.error.desc)}`));
  }

  #close(error: Error): void {
    if (this.#gone !== undefined) return;
    this.#gone = error;
    this.#greeted.reject(error);
    for (const waiter of this.#waiting.values()) waiter.reject(error);
    this.#waiting.clear();
  }
}

/** `promise`, or the signal's reason if that comes first. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => { aborted.reject(signal.reason as Error); };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * The host port that forwards to the guest's ssh, out of the monitor's `info usernet` table.
 * Undefined when the table has no such line.
 */
export function forwardedPort(table: string): number | undefined {
  const match = /TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s/.exec(table);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}
