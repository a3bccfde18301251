import { InvalidArgumentError, messageOf } from '../../../api/errors.ts';
import { isSpace, quote } from '../dockerfile/go-text.ts';
import type { ExpansionBudget } from './budget.ts';
import type { Environment } from './environment.ts';
import { ShellPattern } from './shell-pattern.ts';

export interface ExpandOptions {
  /** The Dockerfile's escape character; a backslash if not given. */
  escape?: string;
  /** Quotes stay where they are. */
  keepQuotes?: boolean;
  /** Escape characters stay before what they escape. */
  keepEscapes?: boolean;
  /** Variables without a value stay as they are written. */
  keepUnset?: boolean;
  /** Quotes mean nothing: text of a heredoc. */
  plainQuotes?: boolean;
  /** The words are wanted too. */
  splits?: boolean;
  /** Shared by all expansions of a Dockerfile. */
  budget?: ExpansionBudget;
}

export interface Expansion {
  text: string;
  /** The same, taken apart at white space that is not quoted, also at such in values; empty unless they are wanted. */
  words: readonly string[];
  /** Variables that were asked for and had a value. */
  matched: ReadonlySet<string>;
  /** Variables that were asked for and had none. */
  unmatched: ReadonlySet<string>;
}

/**
 * Takes quotes and escapes off a word and puts the values of variables in: `$v`, `${v}`, `${v:-w}`, `${v:+w}`, `${v:?e}`, each also without
 * the colon, `${v#p}`, `${v##p}`, `${v%p}`, `${v%%p}`, `${v/p/r}`, `${v//p/r}`. Source: Dockerfile reference, "Environment replacement".
 * @throws InvalidArgumentError in BuildKit's words
 */
export function expand(word: string, environment: Environment, options: ExpandOptions = {}): Expansion {
  if (options.splits !== true && !SPECIAL.test(word)) return { text: word, words: [], matched: NONE, unmatched: NONE };
  try {
    return new Expander(word, environment, options).run();
  } catch (cause) {
    const shown = word.length > SHOWN_LIMIT ? `${word.slice(0, SHOWN_LIMIT)}…` : word;
    throw new InvalidArgumentError(`failed to process ${quote(shown)}: ${messageOf(cause)}`, { cause });
  }
}

/** Most words have nothing of these in them. */
const SPECIAL = /["$'\\`]/;
const NONE: ReadonlySet<string> = new Set();

const SHOWN_LIMIT = 1000;
const DEPTH_LIMIT = 200;
const NAME = /(?:\p{Nd}+|[@*#?\-$!]|[\p{L}_][\p{L}\p{Nd}_]*)/uy;

/** Collects words; what is quoted does not part them. */
class Words {
  readonly #done: string[] = [];
  #word = '';

  add(text: string): void {
    let from = 0;
    for (let at = 0; at < text.length; at += 1) {
      if (!isSpace(text.charAt(at))) continue;
      this.#word += text.slice(from, at);
      this.#end();
      from = at + 1;
    }
    this.#word += text.slice(from);
  }

  addQuoted(text: string): void {
    this.#word += text;
  }

  #end(): void {
    if (this.#word !== '') this.#done.push(this.#word);
    this.#word = '';
  }

  all(): readonly string[] {
    this.#end();
    return this.#done;
  }
}

class Expander {
  readonly #text: string;
  readonly #environment: Environment;
  readonly #options: ExpandOptions;
  readonly #escape: string;
  readonly #matched = new Set<string>();
  readonly #unmatched = new Set<string>();
  #at = 0;
  #depth = 0;

  constructor(text: string, environment: Environment, options: ExpandOptions) {
    this.#text = text;
    this.#environment = environment;
    this.#options = options;
    this.#escape = options.escape ?? '\\';
  }

  run(): Expansion {
    const words = this.#options.splits === true ? new Words() : undefined;
    const text = this.#until(undefined, this.#options.keepEscapes === true, words);
    return { text, words: words?.all() ?? [], matched: this.#matched, unmatched: this.#unmatched };
  }

  #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #next(): string | undefined {
    const character = this.#text[this.#at];
    if (character !== undefined) this.#at += 1;
    return character;
  }

  /** Up to `stop`, which is taken too, or to the end of the text. */
  #until(stop: string | undefined, keepEscapes: boolean, words?: Words): string {
    this.#depth += 1;
    if (this.#depth > DEPTH_LIMIT) throw new InvalidArgumentError(`substitutions are nested more than ${DEPTH_LIMIT} deep`);
    const parts: string[] = [];
    for (let character = this.#peek(); character !== undefined; character = this.#peek()) {
      if (character === stop) {
        this.#at += 1;
        this.#depth -= 1;
        return parts.join('');
      }
      if (character === '$') {
        const value = this.#variable(keepEscapes);
        words?.add(value);
        parts.push(value);
      } else if (this.#isQuote(character)) {
        const content = character === "'" ? this.#singleQuoted() : this.#doubleQuoted(keepEscapes);
        words?.addQuoted(content);
        parts.push(content);
      } else if (character === this.#escape) {
        this.#at += 1;
        const escaped = `${keepEscapes ? character : ''}${this.#next() ?? ''}`;
        words?.addQuoted(escaped);
        parts.push(escaped);
      } else {
        const plain = this.#plain(stop);
        words?.add(plain);
        parts.push(plain);
      }
    }
    if (stop !== undefined) throw new InvalidArgumentError(`unexpected end of statement while looking for matching ${stop}`);
    this.#depth -= 1;
    return parts.join('');
  }

  #isQuote(character: string): boolean {
    return this.#options.plainQuotes !== true && (character === '"' || character === "'");
  }

  #plain(stop: string | undefined): string {
    const from = this.#at;
    for (let character = this.#peek(); character !== undefined && character !== stop && character !== '$' && character !== this.#escape && !this.#isQuote(character); character = this.#peek()) this.#at += 1;
    return this.#text.slice(from, this.#at);
  }

  #singleQuoted(): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end === -1) throw new InvalidArgumentError('unexpected end of statement while looking for matching single-quote');
    const [from, to] = this.#options.keepQuotes === true ? [this.#at, end + 1] : [this.#at + 1, end];
    this.#at = end + 1;
    return this.#text.slice(from, to);
  }

  #doubleQuoted(keepEscapes: boolean): string {
    const mark = this.#options.keepQuotes === true ? '"' : '';
    const parts = [mark];
    this.#at += 1;
    for (let character = this.#peek(); character !== undefined; character = this.#peek()) {
      if (character === '$') {
        parts.push(this.#variable(keepEscapes));
        continue;
      }
      this.#at += 1;
      if (character === '"') return parts.join('') + mark;
      parts.push(character === this.#escape ? this.#escapedInQuotes(character, keepEscapes) : character);
    }
    throw new InvalidArgumentError('unexpected end of statement while looking for matching double-quote');
  }

  /** Within double quotes only a quote, a dollar and the escape itself can be escaped. */
  #escapedInQuotes(escape: string, keepEscapes: boolean): string {
    const next = this.#peek();
    if (next === undefined) return keepEscapes ? escape : '';
    if (next !== '"' && next !== '$' && next !== escape) return keepEscapes ? escape + escape : escape;
    this.#at += 1;
    return keepEscapes ? escape + next : next;
  }

  /** From a dollar on. */
  #variable(keepEscapes: boolean): string {
    this.#at += 1;
    if (this.#peek() === '{') return this.#spend(this.#braced(keepEscapes));
    const name = this.#name();
    if (name === '') return '$';
    const value = this.#valueOf(name);
    return this.#spend(value ?? (this.#options.keepUnset === true ? `$${name}` : ''));
  }

  #spend(value: string): string {
    this.#options.budget?.spend(value.length);
    return value;
  }

  #braced(keepEscapes: boolean): string {
    this.#at += 1;
    const first = this.#peek();
    if (first === undefined) throw new InvalidArgumentError("syntax error: missing '}'");
    if (first === '{' || first === '}' || first === ':') throw new InvalidArgumentError('syntax error: bad substitution');
    const name = this.#name();
    const after = this.#next();
    if (after === '}') {
      const value = this.#valueOf(name);
      return value ?? (this.#options.keepUnset === true ? `\${${name}}` : '');
    }
    if (after === '/') return this.#replaced(name);
    const isColon = after === ':';
    const operator = isColon ? this.#next() : after;
    const written = `${isColon ? ':' : ''}${operator ?? ''}`;
    if (operator === undefined) throw new InvalidArgumentError("syntax error: missing '}'");
    if (!isColon && !'+-?#%'.includes(operator)) throw new InvalidArgumentError(`unsupported modifier (${written}) in substitution`);
    const word = this.#operand('}', operator === '#' || operator === '%' || keepEscapes, "syntax error: missing '}'");
    const value = this.#valueOf(name);
    if (value === undefined && this.#options.keepUnset === true) return `\${${name}${written}${word}}`;
    return this.#modified({ name, value, isColon, operator, written, word });
  }

  #modified({ name, value, isColon, operator, written, word }: { name: string; value: string | undefined; isColon: boolean; operator: string; written: string; word: string }): string {
    const counts = value !== undefined && !(isColon && value === '');
    switch (operator) {
      case '-': return counts ? value : word;
      case '+': return counts ? word : '';
      case '?':
        if (!counts) throw new InvalidArgumentError(`${name}: ${word !== '' ? word : `is not allowed to be ${value === undefined ? 'unset' : 'empty'}`}`);
        return value;
      case '#':
      case '%': {
        const isLongest = word.startsWith(operator);
        const pattern = ShellPattern.parse(isLongest ? word.slice(1) : word);
        return operator === '#' ? pattern.trimStart(value ?? '', isLongest ? 'longest' : 'shortest') : pattern.trimEnd(value ?? '', isLongest ? 'longest' : 'shortest');
      }
      default: throw new InvalidArgumentError(`unsupported modifier (${written}) in substitution`);
    }
  }

  #replaced(name: string): string {
    const isAll = this.#peek() === '/';
    if (isAll) this.#at += 1;
    const pattern = this.#operand('/', true, "syntax error: missing '/' in ${}");
    const replacement = this.#operand('}', true, "syntax error: missing '}'");
    const value = this.#valueOf(name);
    if (value === undefined && this.#options.keepUnset === true) return `\${${name}/${pattern}/${replacement}}`;
    return ShellPattern.parse(pattern).replace(value ?? '', replacement, isAll ? 'all' : 'first');
  }

  #operand(stop: string, keepEscapes: boolean, missing: string): string {
    try {
      return this.#until(stop, keepEscapes);
    } catch (cause) {
      if (this.#depth > DEPTH_LIMIT || this.#peek() !== undefined) throw cause;
      throw new InvalidArgumentError(missing, { cause });
    }
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#text)?.[0] ?? '';
    this.#at += name.length;
    return name;
  }

  #valueOf(name: string): string | undefined {
    const value = name === '' ? undefined : this.#environment.get(name);
    (value === undefined ? this.#unmatched : this.#matched).add(name);
    return value;
  }
}
