import { InvalidArgumentError } from '../../../api/errors.ts';
import { withSuggestion } from './suggest.ts';

type FlagKind = 'text' | 'list' | 'boolean';

/** The values that an instruction's flags have. */
export interface Flags {
  /** Empty if not given. */
  text: (name: string) => string;
  list: (name: string) => readonly string[];
  /** Undefined if not given. */
  boolean: (name: string) => boolean | undefined;
}

/**
 * Reads `--name=value` words against the flags that an instruction has.
 * @throws InvalidArgumentError in BuildKit's words
 */
export function readFlags(words: readonly string[], known: Readonly<Record<string, FlagKind>> = {}): Flags {
  const values = new Map<string, string[]>();
  for (const word of words) {
    const equals = word.indexOf('=');
    const name = equals === -1 ? word.slice(2) : word.slice(2, equals);
    const value = equals === -1 ? undefined : word.slice(equals + 1);
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) throw new InvalidArgumentError(withSuggestion(`unknown flag: ${name}`, name, Object.keys(known)));
    const given = values.get(name);
    if (given !== undefined && kind !== 'list') throw new InvalidArgumentError(`duplicate flag specified: ${name}`);
    const checked = kind === 'boolean' ? checkBoolean(name, value) : value;
    if (checked === undefined) throw new InvalidArgumentError(`missing a value on flag: ${name}`);
    if (given === undefined) values.set(name, [checked]);
    else given.push(checked);
  }
  return {
    text: (name) => values.get(name)?.[0] ?? '',
    list: (name) => values.get(name) ?? [],
    boolean: (name) => (values.has(name) ? values.get(name)?.[0] === 'true' : undefined),
  };
}

function checkBoolean(name: string, value = 'true'): string | undefined {
  if (value === '') return undefined;
  const lower = value.toLowerCase();
  if (lower !== 'true' && lower !== 'false') throw new InvalidArgumentError(`expecting boolean value for flag ${name}, not: ${value}`);
  return lower;
}
