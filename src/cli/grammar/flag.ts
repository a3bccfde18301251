/** A value that a flag does not take. `reason` follows `invalid argument "x" for "--flag" flag: `. */
export class InvalidFlagValue extends Error {}

/**
 * One option of a command: what the parser, the help text and the completions need to know of it.
 * `T` is what the command gets: `initial` when the flag is absent, otherwise what `parse` makes of each use, in order.
 */
export interface Flag<T> {
  readonly short?: string;
  /** Word for the value in the help text; empty for a switch, which takes no value of its own (`--rm`, `--rm=false`). */
  readonly metavar: string;
  readonly help: string;
  readonly initial: T;
  /** Shown as `(default …)`. */
  readonly defaultText?: string;
  /** Understood and not shown. */
  readonly hidden?: boolean;
  /** @throws InvalidFlagValue */
  parse(text: string, previous: T): T;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;
export type FlagValues<F extends Flags> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

interface Spelling {
  short?: string;
  metavar?: string;
  hidden?: boolean;
  defaultText?: string;
}

export function bool(help: string, options: Spelling & { initial?: boolean } = {}): Flag<boolean> {
  return { ...spelling(options, ''), ...(options.initial === true ? { defaultText: 'true' } : {}), help, initial: options.initial ?? false, parse: parseBool };
}

/** A switch that must be told from an absent one. */
export function optionalBool(help: string, options: Spelling = {}): Flag<boolean | undefined> {
  return { ...spelling(options, ''), help, initial: undefined, parse: parseBool };
}

export function text(help: string, options: Spelling = {}): Flag<string | undefined> {
  return { ...spelling(options, 'string'), help, initial: undefined, parse: (value) => value };
}

/** May be given several times; values in order. */
export function list(help: string, options: Spelling = {}): Flag<readonly string[]> {
  return { ...spelling(options, 'list'), help, initial: [], parse: (value, previous) => [...previous, value] };
}

export function int(help: string, options: Spelling = {}): Flag<number | undefined> {
  return { ...spelling(options, 'int'), help, initial: undefined, parse: parseInteger };
}

/** A flag whose value is read by `parse`, e.g. sizes and durations. */
export function parsed<T>(help: string, metavar: string, parse: (value: string) => T, options: Spelling = {}): Flag<T | undefined> {
  return { ...spelling(options, metavar), help, initial: undefined, parse: (value) => parse(value) };
}

/** As `parsed`, several times. */
export function parsedList<T>(help: string, metavar: string, parse: (value: string) => T, options: Spelling = {}): Flag<readonly T[]> {
  return { ...spelling(options, metavar), help, initial: [], parse: (value, previous) => [...previous, parse(value)] };
}

function spelling(options: Spelling, metavar: string): { metavar: string; short?: string; hidden?: boolean; defaultText?: string } {
  return {
    metavar: options.metavar ?? metavar,
    ...(options.short === undefined ? {} : { short: options.short }),
    ...(options.hidden === undefined ? {} : { hidden: options.hidden }),
    ...(options.defaultText === undefined ? {} : { defaultText: options.defaultText }),
  };
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

function parseBool(value: string): boolean {
  if (TRUE.has(value)) return true;
  if (FALSE.has(value)) return false;
  throw new InvalidFlagValue(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
}

function parseInteger(value: string): number {
  const number = /^[+-]?(?:\d+|0x[0-9a-f]+)$/i.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(number)) throw new InvalidFlagValue(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  if (!Number.isSafeInteger(number)) throw new InvalidFlagValue(`strconv.ParseInt: parsing ${JSON.stringify(value)}: value out of range`);
  return number;
}
