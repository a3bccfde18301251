import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../api/errors.ts';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import type { Logger } from '../../base/log.ts';
import { LineSplitter } from './line-splitter.ts';
import type { LogLine, LogSink } from './log-driver.ts';
import { readLog, type LogSource } from './log-reader.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** How far behind the position on disk may be: so much is sent twice after the engine was killed. */
const SAVE_EVERY_MS = 500;

/**
 * Sends a log on, line by line, in order. Where it stands is kept in a file: an engine that comes back sends what was written meanwhile.
 * A sink that fails is opened again, with growing pauses; the log waits for it in its files.
 * Resolves when the process has ended and everything is sent, or when the signal says so.
 */
export async function forwardLog(options: {
  source: LogSource; open: () => Promise<LogSink>; reopen: () => Promise<LogSink>; positionFile: string;
  ended: Promise<unknown>; signal: AbortSignal; log: Logger;
}): Promise<void> {
  const { source, positionFile, ended, signal, log } = options;
  const lane = new SinkLane(options);
  const splitters = { 1: new LineSplitter(1), 2: new LineSplitter(2) };
  let position = await readPosition(positionFile);
  let savedAt = 0;
  try {
    for await (const records of readLog({ ...source, stdout: true, stderr: true, sinceNs: position + 1n, follow: ended, signal, log })) {
      if (!(await lane.send(records.flatMap((record) => splitters[record.stream].push(record))))) return;
      position = records.at(-1)?.timeNs ?? position;
      if (performance.now() - savedAt < SAVE_EVERY_MS) continue;
      await writeFileAtomic(positionFile, String(position));
      savedAt = performance.now();
    }
    await lane.send([...splitters[1].end(), ...splitters[2].end()]);
  } finally {
    lane.close();
    // The container may have been removed, and its directory with it.
    await writeFileAtomic(positionFile, String(position)).catch(() => undefined);
  }
}

/** Nanoseconds since the epoch of the last record that was sent. */
async function readPosition(path: string): Promise<bigint> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
}

/** One sink after the other, as they fail. */
class SinkLane {
  #next: () => Promise<LogSink>;
  readonly #reopen: () => Promise<LogSink>;
  readonly #signal: AbortSignal;
  readonly #log: Logger;
  #sink: LogSink | undefined;

  constructor(options: { open: () => Promise<LogSink>; reopen: () => Promise<LogSink>; signal: AbortSignal; log: Logger }) {
    this.#next = options.open;
    this.#reopen = options.reopen;
    this.#signal = options.signal;
    this.#log = options.log;
  }

  /** @returns false when they could not be sent until it was to stop */
  async send(lines: readonly LogLine[]): Promise<boolean> {
    if (lines.length === 0) return true;
    for (let pauseMs = FIRST_PAUSE_MS; !this.#signal.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        this.#sink ??= await this.#next();
        await this.#sink.write(lines);
        return true;
      } catch (error) {
        this.close();
        this.#next = this.#reopen;
        this.#log.warn('a log cannot be sent on; trying again', { error: messageOf(error), pauseMs });
        await sleep(pauseMs, undefined, { signal: this.#signal, ref: false }).catch(() => undefined);
      }
    }
    return false;
  }

  close(): void {
    this.#sink?.close();
    this.#sink = undefined;
  }
}
