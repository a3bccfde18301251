import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConflictError } from '../../../api/errors.ts';
import { FrameSplitter } from '../../../api/stdcopy.ts';
import type { Container } from '../container.ts';
import type { Execs } from '../execs.ts';
import { MOST_OUTPUT_BYTES } from './health.ts';

const SIGKILL = 9;

/**
 * Runs a check in the container, and kills it with all that it has started when its time is up or the signal says so.
 * @throws what kept it from starting
 */
export async function probe(request: { execs: Execs; container: Container; command: readonly [string, ...string[]]; timeoutMs: number; signal: AbortSignal }): Promise<{ exitCode: number; output: string }> {
  const { execs, container, command, timeoutMs, signal } = request;
  const exec = execs.create(container, {
    command, user: '', workingDirectory: '', environment: [], tty: false, privileged: false, stdin: false, stdout: true, stderr: true, detachKeys: Buffer.alloc(0), isProbe: true,
  });
  const output = new CollectedOutput();
  await execs.start(exec, { open: () => output });
  const process = await exec.started?.catch(() => undefined);
  // What a client would have read there is why it did not start.
  if (!process) throw new ConflictError(output.text);
  const over = new AbortController();
  const late = Promise.race([
    sleep(timeoutMs, true, { signal: over.signal, ref: false }).catch(() => false),
    new Promise<boolean>((resolve) => { signal.addEventListener('abort', () => { resolve(true); }, { once: true, signal: over.signal }); }),
  ]);
  const isLate = await Promise.race([late, process.exited.then(() => false)]);
  if (isLate) process.signal(-SIGKILL);
  const exit = await process.exited;
  over.abort();
  if (!isLate) {
    await output.ended;
    return { exitCode: exit.code, output: output.text };
  }
  const told = `Health check exceeded timeout (${duration(timeoutMs)})`;
  return { exitCode: -1, output: output.text === '' ? told : `${told}: ${output.text}` };
}

/** As Go writes it: `500ms`, `1.5s`, `2m0s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${String(ms)}ms`;
  const [minutes, seconds] = [Math.floor(ms / 60_000), (ms % 60_000) / 1000];
  const hours = Math.floor(minutes / 60);
  return `${hours > 0 ? `${String(hours)}h` : ''}${minutes > 0 ? `${String(minutes % 60)}m` : ''}${String(seconds)}s`;
}

/** A client that keeps the beginning of what it is told, and says nothing. */
class CollectedOutput extends Duplex {
  readonly #frames = new FrameSplitter();
  readonly #kept: Uint8Array[] = [];
  #room = MOST_OUTPUT_BYTES;
  #isCut = false;
  readonly ended: Promise<void>;

  constructor() {
    super({ allowHalfOpen: true });
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.ended = promise;
    this.once('finish', () => { resolve(undefined); });
    this.once('close', () => { resolve(undefined); });
  }

  get text(): string {
    return Buffer.concat(this.#kept).toString('utf8') + (this.#isCut ? '...' : '');
  }

  override _read(): void {
    // There is no input.
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    for (const { payload } of this.#frames.push(chunk)) {
      const kept = payload.subarray(0, this.#room);
      if (kept.length < payload.length) this.#isCut = true;
      this.#room -= kept.length;
      if (kept.length > 0) this.#kept.push(Uint8Array.from(kept));
    }
    done();
  }
}
