import { isReply, messageOf } from '../../api/errors.ts';
import type { Cli } from '../cli.ts';
import { unreachable } from '../engine/connect.ts';

const AT_ONCE = 50;

/**
 * Does `work` for every name, up to 50 at a time, and prints what it returns (the name, usually) in the order of the names.
 * A failure stops none of the others.
 * @returns the exit status: 1 when any failed; their errors have been printed, in the order of the names.
 */
export async function forEach(cli: Cli, names: readonly string[], work: (name: string) => Promise<string | undefined>): Promise<number> {
  const errors: string[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const running = names.slice(at, at + AT_ONCE).map(work);
    for (const outcome of running.map((promise) => promise.then((text) => ({ text }), (error: unknown) => ({ error })))) {
      const result = await outcome;
      if ('error' in result) errors.push(errorText(result.error, cli));
      else if (result.text !== undefined) cli.line(result.text);
    }
  }
  for (const error of new Set(errors)) cli.error(error);
  return errors.length === 0 ? 0 : 1;
}

/** An error as `strata` prints it. */
export function errorText(error: unknown, cli: Cli): string {
  const lost = unreachable(error, cli);
  if (lost !== undefined) return lost.message;
  return isReply(error) ? `Error response from daemon: ${messageOf(error)}` : messageOf(error);
}
