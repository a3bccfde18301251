import type { Cli } from '../cli.ts';
import type { Flags, FlagValues } from './flag.ts';

/** One command as data, and what it does. Parsing, help and completions all come from here. */
export interface Command<F extends Flags = Flags> {
  /** What follows the name in the usage line: `[OPTIONS] CONTAINER [CONTAINER...]`. */
  readonly usage: string;
  readonly flags: F;
  /** How many arguments; no `max` means any number. */
  readonly args: { readonly min: number; readonly max?: number };
  /** Options end at the first argument (`run`, `exec`, `create`). */
  readonly stopAtFirstArgument?: boolean;
  /** Command lines, without the program's name, and what each does. */
  readonly examples?: readonly (readonly [line: string, does: string])[];
  /** Resolves with the exit status (0 when nothing is returned). Throws for everything that `main` knows how to tell. */
  run(cli: Cli, input: { flags: FlagValues<F>; args: readonly string[] }): Promise<number | undefined>;
}

/** Gives `run` the types of its flags, and the table one type for all commands. */
export function defineCommand<const F extends Flags>(command: Command<F>): Command {
  return command;
}
