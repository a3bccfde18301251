import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { InvalidArgumentError, messageOf, UnavailableError } from '../../api/errors.ts';
import { feed } from './feed.ts';

/** A program that reads compressed bytes on its standard input and writes plain ones. busybox has both as well. */
export interface DecompressProgram {
  name: 'xz' | 'bzip2';
  debian: string;
}

export const XZ: DecompressProgram = { name: 'xz', debian: 'xz-utils' };
export const BZIP2: DecompressProgram = { name: 'bzip2', debian: 'bzip2' };

/** `xz -9` wants 65 MiB; the format allows 4 GiB, and an archive may ask for them. */
const MEMORY_LIMIT_KIB = 256 * 1024;
const NOTE_LIMIT = 300;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Runs `source` through a program, in constant memory on both sides. The program ends with the reader.
 * @throws InvalidArgumentError when the program refuses the bytes; UnavailableError when there is no such program; what `source` throws
 */
export async function* decompressByProgram(source: AsyncIterable<Uint8Array>, { name, debian }: DecompressProgram): AsyncGenerator<Uint8Array> {
  const child = spawn('sh', ['-c', 'ulimit -v "$1" && exec "$2" -dc', 'sh', String(MEMORY_LIMIT_KIB), name], { stdio: ['pipe', 'pipe', 'pipe'] });
  const note = noteOf(child);
  const ended = endOf(child);
  // A program that stops reading is no failure here: its exit status tells more.
  child.stdin.on('error', () => undefined);
  const fed = feed(source, child.stdin).then((failure) => {
    if (failure) child.stdin.destroy();
    return failure;
  });
  try {
    for await (const chunk of child.stdout) yield chunk as Uint8Array;
    const status = await ended;
    if (status === 127) throw new UnavailableError(`${name} is missing, which this archive is compressed with: apt-get install ${debian}`);
    // A source that fails leaves the program with half an archive: its own complaint says less.
    const failure = await fed;
    if (failure) throw failure.error;
    if (status !== 0) throw new InvalidArgumentError(`damaged ${name} data: ${note() || `exit status ${String(status)}`}`);
  } finally {
    child.kill('SIGKILL');
    child.stdout.destroy();
    await ended;
  }
}

function endOf(child: Child): Promise<number | string | null> {
  const { promise, resolve } = Promise.withResolvers<number | string | null>();
  child.on('error', (error) => { resolve(messageOf(error)); });
  child.on('exit', (code, signal) => { resolve(code ?? signal); });
  return promise;
}

function noteOf(child: Child): () => string {
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => { if (text.length < NOTE_LIMIT) text += chunk.toString('latin1'); });
  return () => text.trim().split('\n', 1)[0]?.slice(0, NOTE_LIMIT) ?? '';
}
