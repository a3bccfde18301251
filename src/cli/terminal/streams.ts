import { demultiplex, STDERR } from '../../api/stdcopy.ts';
import type { UpgradedConnection } from '../../api/transport.ts';
import { ExitError } from '../exit.ts';
import { DEFAULT_DETACH_KEYS, EscapeDetector, parseDetachKeys } from './escape-keys.ts';

export interface StreamOptions {
  tty: boolean;
  stdin: boolean;
  /** As docker spells them; `none` where every key belongs to the other side. */
  detachKeys: string | undefined;
}

/** How a session on the streams of a container ended: its output ended, or the person left with the detach keys. */
export type StreamEnd = 'output-ended' | 'detached';

/**
 * Joins this terminal and a container's streams until its output ends or the detach keys are typed. Standard input is passed on as
 * it comes; its end closes the container's input only. With a terminal on both sides, ours is in raw mode meanwhile, and is itself
 * again afterwards whatever happens.
 */
export async function joinStreams(connection: UpgradedConnection, options: StreamOptions): Promise<StreamEnd> {
  using _raw = options.tty && options.stdin ? rawMode() : { [Symbol.dispose]: () => undefined };
  const output = writeOutput(connection, options.tty).then((): StreamEnd => 'output-ended');
  const ends = [output];
  if (options.stdin) ends.push(pumpInput(connection, options));
  else void connection.end();
  try {
    return await Promise.race(ends);
  } finally {
    connection.close();
    process.stdin.destroy();
  }
}

/** Writes the container's output where it belongs, holding back the connection while we cannot write. */
export async function writeOutput(connection: Pick<UpgradedConnection, 'output'>, tty: boolean): Promise<void> {
  if (tty) for await (const chunk of connection.output) await write(process.stdout, chunk);
  else for await (const { stream, payload } of demultiplex(connection.output)) await write(stream === STDERR ? process.stderr : process.stdout, payload);
}

/** Resolves when the stream can take more. */
export async function write(stream: NodeJS.WriteStream, chunk: Uint8Array): Promise<void> {
  if (stream.write(chunk)) return;
  await new Promise((resolve) => { stream.once('drain', resolve); });
}

/** @throws ExitError when a terminal is asked for and standard input is none. */
export function assertTerminal(tty: boolean, stdin: boolean): void {
  if (tty && stdin && !process.stdin.isTTY) throw new ExitError(1, 'the input device is not a TTY');
}

/** Resolves only when the detach keys are typed: the end of input is not the end of the session. */
function pumpInput(connection: UpgradedConnection, options: StreamOptions): Promise<StreamEnd> {
  const { promise, resolve } = Promise.withResolvers<StreamEnd>();
  const detector = options.tty && options.detachKeys !== 'none' ? new EscapeDetector(parseDetachKeys(options.detachKeys ?? DEFAULT_DETACH_KEYS)) : undefined;
  const pump = async (): Promise<void> => {
    for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
      const { pass, detached } = detector?.feed(chunk) ?? { pass: chunk, detached: false };
      if (pass.length > 0) await connection.write(pass);
      if (detached) {
        resolve('detached');
        return;
      }
    }
    await connection.end();
  };
  // The container no longer reads: its output, which is still to come, decides what happens.
  pump().catch(() => undefined);
  return promise;
}

/** Puts the terminal into raw mode, so that every key goes to the container. */
export function rawMode(): Disposable {
  if (!process.stdin.isTTY) return { [Symbol.dispose]: () => undefined };
  process.stdin.setRawMode(true);
  const restore = (): void => { process.stdin.setRawMode(false); };
  process.once('exit', restore);
  return { [Symbol.dispose]: () => { process.off('exit', restore); restore(); } };
}
