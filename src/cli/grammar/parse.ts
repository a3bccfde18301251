import { type Flag, type Flags, type FlagValues, InvalidFlagValue } from './flag.ts';

/** Options that are wrong. The text is docker's; the caller adds the usage line. */
export class FlagError extends Error {}

/** `--help` was among the options. */
export class HelpWanted extends Error {}

export interface Parsed<F extends Flags> {
  flags: FlagValues<F>;
  args: string[];
}

/**
 * Reads a command line as docker does (POSIX short options in clusters, GNU long ones): `-it`, `-p80:80`, `-p 80:80`, `--name web`,
 * `--name=web`, `--rm=false`; `--` ends the options.
 * @param stopAtFirstArgument what follows the first argument belongs to it, even if it looks like an option (`run`, `exec`).
 * @throws FlagError, HelpWanted
 */
export function parse<F extends Flags>(flags: F, argv: readonly string[], stopAtFirstArgument = false): Parsed<F> {
  const values: Record<string, unknown> = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, flag.initial]));
  const args: string[] = [];
  const rest = [...argv];
  const set = (name: string, flag: Flag<unknown>, value: string): void => { values[name] = readValue(name, flag, value, values[name]); };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      args.push(...rest);
      break;
    }
    if (word.startsWith('--')) takeLong(word, flags, rest, set);
    else if (word.startsWith('-') && word !== '-') takeCluster(word, flags, rest, set);
    else if (stopAtFirstArgument) {
      args.push(word, ...rest);
      break;
    } else args.push(word);
  }
  return { flags: values as FlagValues<F>, args };
}

type Setter = (name: string, flag: Flag<unknown>, value: string) => void;

function takeLong(word: string, flags: Flags, rest: string[], set: Setter): void {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (flag === undefined) {
    if (name === 'help') throw new HelpWanted();
    if (name === '' || name.startsWith('-')) throw new FlagError(`bad flag syntax: ${word}`);
    throw new FlagError(`unknown flag: --${name}`);
  }
  if (equals >= 0) set(name, flag, word.slice(equals + 1));
  else if (flag.metavar === '') set(name, flag, 'true');
  else {
    const value = rest.shift();
    if (value === undefined) throw new FlagError(`flag needs an argument: --${name}`);
    set(name, flag, value);
  }
}

function takeCluster(word: string, flags: Flags, rest: string[], set: Setter): void {
  const letters = word.slice(1);
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters[at] ?? '';
    const [name, flag] = Object.entries(flags).find(([, candidate]) => candidate.short === letter) ?? [];
    if (name === undefined || flag === undefined) {
      if (letter === 'h') throw new HelpWanted();
      throw new FlagError(`unknown shorthand flag: '${letter}' in -${letters.slice(at)}`);
    }
    const after = letters.slice(at + 1);
    if (after.startsWith('=')) {
      set(name, flag, after.slice(1));
      return;
    }
    if (flag.metavar === '') {
      set(name, flag, 'true');
      continue;
    }
    const value = after === '' ? rest.shift() : after;
    if (value === undefined) throw new FlagError(`flag needs an argument: '${letter}' in -${letters.slice(at)}`);
    set(name, flag, value);
    return;
  }
}

function readValue(name: string, flag: Flag<unknown>, value: string, previous: unknown): unknown {
  try {
    return flag.parse(value, previous);
  } catch (error) {
    if (!(error instanceof InvalidFlagValue)) throw error;
    const spelled = flag.short === undefined ? `--${name}` : `-${flag.short}, --${name}`;
    throw new FlagError(`invalid argument ${JSON.stringify(value)} for ${JSON.stringify(spelled)} flag: ${error.message}`, { cause: error });
  }
}
