import type { Cli } from '../../cli.ts';
import { type Flag, text } from '../../grammar/flag.ts';

/** `--name`: which machine. */
export function nameFlag(): Flag<string | undefined> {
  return text('Name of the machine', { defaultText: '"default", or $STRATA_MACHINE' });
}

/** The machine that `--name`, an argument or the environment names. */
export function machineName(cli: Cli, ...given: (string | undefined)[]): string {
  return given.find((name) => name !== undefined) ?? (cli.env['STRATA_MACHINE'] || 'default');
}
