import { InvalidArgumentError, messageOf } from '../../../api/errors.ts';

/**
 * Takes quotes off a word and puts the values of variables in: `$name`, `${name}`, `${name:-default}`, `${name:+other}`, `${name:?message}`,
 * and the same without the colon. Source: Dockerfile reference, "Environment replacement".
 * @param environment `NAME=value` entries
 * @throws InvalidArgumentError in docker's words
 */
export function expandWord(word: string, environment: readonly string[]): string {
  try {
    return new WordExpander(word, environment).expand();
  } catch (cause) {
    throw new InvalidArgumentError(`failed to process ${JSON.stringify(word)}: ${messageOf(cause)}`, { cause });
  }
}

class WordExpander {
  readonly #text: string;
  readonly #environment: readonly string[];
  #at = 0;

  constructor(text: string, environment: readonly string[]) {
    this.#text = text;
    this.#environment = environment;
  }

  expand(): string {
    return this.#until(undefined);
  }

  #next(): string | undefined {
    const character = this.#text[this.#at];
    this.#at += 1;
    return character;
  }

  #until(stop: string | undefined): string {
    let result = '';
    for (let character = this.#next(); character !== undefined; character = this.#next()) {
      if (character === stop) return result;
      if (character === "'") result += this.#singleQuoted();
      else if (character === '"') result += this.#doubleQuoted();
      else if (character === '$') result += this.#variable();
      else if (character === '\\') result += this.#next() ?? '';
      else result += character;
    }
    if (stop !== undefined) throw new InvalidArgumentError(`unexpected end of statement while looking for matching ${stop}`);
    return result;
  }

  #singleQuoted(): string {
    const end = this.#text.indexOf("'", this.#at);
    if (end === -1) throw new InvalidArgumentError('unexpected end of statement while looking for matching single-quote');
    const content = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return content;
  }

  #doubleQuoted(): string {
    let result = '';
    for (let character = this.#next(); character !== undefined; character = this.#next()) {
      if (character === '"') return result;
      if (character === '$') result += this.#variable();
      else if (character === '\\' && '"$\\'.includes(this.#text[this.#at] ?? ' ')) result += this.#next() ?? '';
      else result += character;
    }
    throw new InvalidArgumentError('unexpected end of statement while looking for matching double-quote');
  }

  /** After the dollar. */
  #variable(): string {
    if (this.#text[this.#at] !== '{') {
      const name = this.#name();
      return name === '' ? '$' : (this.#valueOf(name) ?? '');
    }
    this.#at += 1;
    const first = this.#text[this.#at];
    if (first === undefined) throw new InvalidArgumentError("syntax error: missing '}'");
    if ('{}:'.includes(first)) throw new InvalidArgumentError('syntax error: bad substitution');
    const name = this.#name();
    const after = this.#next();
    if (after === '}') return this.#valueOf(name) ?? '';
    if (after === undefined) throw new InvalidArgumentError("syntax error: missing '}'");
    return this.#modified(name, after);
  }

  #modified(name: string, after: string): string {
    const isColon = after === ':';
    const modifier = isColon ? (this.#next() ?? '') : after;
    if (modifier === '' || !'+-?'.includes(modifier)) throw new InvalidArgumentError(`unsupported modifier (${modifier}) in substitution`);
    const word = this.#until('}');
    const value = this.#valueOf(name);
    const counts = value !== undefined && !(isColon && value === '');
    if (modifier === '+') return counts ? word : '';
    if (modifier === '?' && !counts) throw new InvalidArgumentError(`${name}: ${word === '' ? 'is not allowed to be unset' : word}`);
    return counts ? value : modifier === '-' ? word : '';
  }

  #name(): string {
    const name = /^(?:\d+|[@*#?\-$!]|[\p{L}_][\p{L}\d_]*)/u.exec(this.#text.slice(this.#at))?.[0] ?? '';
    this.#at += name.length;
    return name;
  }

  #valueOf(name: string): string | undefined {
    return this.#environment.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  }
}
