import { InvalidArgumentError } from '../../../api/errors.ts';

/** One instruction as it is written, not yet understood. */
export interface ChangeLine {
  /** Lower case. */
  keyword: string;
  /** `--name=value` words that stand before the arguments. */
  flags: readonly string[];
  /** What follows keyword and flags, without white space around it. */
  rest: string;
  /** The whole line without white space around it. */
  original: string;
}

/**
 * Joins continued lines, drops comments and blanks. Source: Dockerfile reference, "Format".
 * @throws InvalidArgumentError when nothing is left
 */
export function parseChangeLines(changes: readonly string[]): ChangeLine[] {
  const lines: string[] = [];
  let begun: string | undefined;
  for (const raw of changes.join('\n').split(/\r?\n/)) {
    const line = begun === undefined ? raw.trimStart() : raw;
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    const head = /^(.*)\\[ \t]*$/s.exec(line)?.[1];
    const joined: string = (begun ?? '') + (head ?? line);
    if (head === undefined) lines.push(joined);
    begun = head === undefined ? undefined : joined;
  }
  if (begun !== undefined) lines.push(begun);
  if (lines.length === 0) throw new InvalidArgumentError('file with no instructions');
  return lines.map(parseLine);
}

function parseLine(line: string): ChangeLine {
  const original = line.trim();
  const [, keyword = '', written = ''] = /^(\S+)\s*(.*)$/s.exec(original) ?? [];
  const flags: string[] = [];
  let rest = written;
  for (let word = flagAt(rest); word !== undefined; word = flagAt(rest)) {
    rest = rest.slice(word.length).trimStart();
    // Two dashes alone end the flags.
    if (word === '--') break;
    flags.push(word);
  }
  return { keyword: keyword.toLowerCase(), flags, rest, original };
}

function flagAt(text: string): string | undefined {
  return /^--\S*/.exec(text)?.[0];
}

/**
 * Arguments in the exec form, `["a", "b"]`; undefined for everything else, which is then a line for the shell.
 * @throws InvalidArgumentError for a JSON list of other things than strings
 */
export function execForm(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  if (!parsed.every((item) => typeof item === 'string')) throw new InvalidArgumentError('when using JSON array syntax, arrays must be comprised of strings only');
  return parsed;
}

/** Words apart by white space, where quotes and backslashes keep together; both stay in the words. */
export function splitWords(text: string): string[] {
  // An end of the text within quotes is found when the word is expanded.
  return text.match(/(?:\\[^]|'[^']*(?:'|$)|"(?:\\[^]|[^"\\])*(?:"|\\?$)|[^\s\\'"])+/g) ?? [];
}

/**
 * `name=value name="other value"`, or `name all the rest`.
 * @param keyword for errors, upper case
 * @throws InvalidArgumentError
 */
export function nameValues(keyword: string, text: string): [string, string][] {
  const words = splitWords(text);
  if (words.length === 0) throw new InvalidArgumentError(`${keyword} requires at least one argument`);
  if (words[0]?.includes('=') !== true) {
    const old = /^(\S+)\s+(.*)$/s.exec(text);
    if (!old) throw new InvalidArgumentError(`${keyword} must have two arguments`);
    return [[old[1] ?? '', old[2] ?? '']];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals === -1) throw new InvalidArgumentError(`Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}
