import type { LogFileOptions } from '../runtime/runtime.ts';
import type { LogOptions, LogSubject } from './log-subject.ts';

/**
 * What becomes of a container's output. A driver decides; the container's shim writes the files, so that nothing is lost while the
 * engine is away, and the engine hands on what is to go elsewhere, from those files.
 */
export interface LogDriver {
  readonly name: string;
  /** The options that it knows, besides those of all drivers. */
  readonly optionNames: readonly string[];
  /** Checks what dockerd checks when a container is created. Pure but for looking whether a socket is there. @throws InvalidArgumentError in dockerd's words */
  validate?(options: LogOptions): void;
  /**
   * How the next run of a container is logged.
   * @throws Error with what dockerd says after `failed to initialize logging driver: `
   */
  plan(options: LogOptions, subject: LogSubject): LogPlan;
}

export interface LogPlan {
  /** What the shim writes and `docker logs` reads; absent: nothing is kept. */
  file?: Omit<LogFileOptions, 'path'>;
  /** Where the lines of the file go besides. @throws Error when it cannot be reached, as `plan` does */
  open?: () => Promise<LogSink>;
}

/** Takes the lines of one container. */
export interface LogSink {
  /** Resolves when they have been handed over. The text is without its newline; `isPart`: the line goes on in the next. */
  write(lines: readonly LogLine[]): Promise<void>;
  close(): void;
}

export interface LogLine {
  stream: 1 | 2;
  timeNs: bigint;
  text: Buffer;
  isPart: boolean;
}
