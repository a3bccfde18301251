import { InvalidArgumentError } from '../../../api/errors.ts';
import { expand } from '../shell/word-expander.ts';
import { NO_VARIABLES } from '../shell/environment.ts';

/** A document within an instruction: `<<EOF`. Source: Dockerfile reference, "Here-Documents"; POSIX shell, "Here-Document". */
export interface Heredoc {
  /** The word that ends it, and the name of the file that it becomes. */
  name: string;
  /** Whether its variables are replaced: not where a part of its word is quoted. */
  expands: boolean;
  /** `<<-`: tabs at the beginning of its lines do not count. */
  stripsTabs: boolean;
  /** Of a shell redirection, `3<<EOF`; undefined if not written. */
  descriptor?: number;
  /** As it stands in the file, with tabs and line ends, without its last line. */
  content: string;
}

const WORD = /^(\d*)<<(-?)([^<]+)$/s;

/**
 * A word that begins a document, with empty content; undefined for every other word.
 * @throws InvalidArgumentError where its quotes have no end
 */
export function parseHeredocWord(word: string): Heredoc | undefined {
  const [, descriptor = '', dash, rest = ''] = WORD.exec(word) ?? [];
  if (rest === '') return undefined;
  const plain = expand(rest, NO_VARIABLES, { keepUnset: true, splits: true }).words;
  const [name] = plain;
  if (plain.length !== 1 || name === undefined) return undefined;
  const [written = ''] = expand(rest, NO_VARIABLES, { keepUnset: true, keepQuotes: true, splits: true }).words;
  return { name, expands: countQuotes(name) === countQuotes(written), stripsTabs: dash === '-', ...(descriptor === '' ? {} : { descriptor: Number(descriptor) }), content: '' };
}

function countQuotes(text: string): number {
  return text.length - text.replaceAll(/["']/g, '').length;
}

/** The words of a line that begin documents. */
export function heredocsOf(line: string): Heredoc[] {
  if (!line.includes('<<')) return [];
  let words: readonly string[];
  try {
    words = expand(line, NO_VARIABLES, { keepQuotes: true, keepEscapes: true, keepUnset: true, splits: true }).words;
  } catch (error) {
    // A line for a shell may be one that only the shell understands.
    if (error instanceof InvalidArgumentError) return [];
    throw error;
  }
  return words.map(parseHeredocWord).filter((heredoc) => heredoc !== undefined);
}

/** What a document's reader sees. */
export function contentOf({ content, stripsTabs }: Pick<Heredoc, 'content' | 'stripsTabs'>): string {
  return stripsTabs ? content.replaceAll(/^\t+/gm, '') : content;
}
