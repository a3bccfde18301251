import { createInterface } from 'node:readline/promises';
import { ExitError } from '../exit.ts';
import { rawMode } from './streams.ts';

/** Asks on the terminal for a line that may be seen. */
export async function askLine(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

const INTERRUPTED = 130;

/** Asks on the terminal for something that nobody shall see: what is typed is not shown. @throws ExitError when it is broken off */
export async function askSecret(question: string): Promise<string> {
  process.stdout.write(question);
  using _raw = rawMode();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const typed: string[] = [];
  const take = (character: string): void => {
    if (character === '\r' || character === '\n') resolve(typed.join(''));
    else if (character === '\u0003') reject(new ExitError(INTERRUPTED, ''));
    else if (character === '\u0004' && typed.length === 0) resolve('');
    else if (character === '\u007f' || character === '\b') typed.pop();
    else if (character === '\u0015') typed.length = 0;
    else if (character >= ' ') typed.push(character);
  };
  const onData = (chunk: Buffer): void => { for (const character of chunk.toString('utf8')) take(character); };
  const onEnd = (): void => { resolve(typed.join('')); };
  process.stdin.on('data', onData).on('end', onEnd).resume();
  try {
    return await promise;
  } finally {
    process.stdin.off('data', onData).off('end', onEnd).pause();
    process.stdout.write('\n');
  }
}
