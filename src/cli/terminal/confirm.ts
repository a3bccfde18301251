import { createInterface } from 'node:readline/promises';
import { ExitError } from '../exit.ts';

/** Asks before something is deleted for good. Without a terminal to ask on, `--force` is the only yes. @throws ExitError */
export async function confirm(warning: string): Promise<void> {
  if (!process.stdin.isTTY) throw new ExitError(1, `${warning}\nuse --force to do it without being asked`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${warning}\nAre you sure you want to continue? [y/N] `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new ExitError(1, 'nothing was changed');
}
