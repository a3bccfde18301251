import { InvalidArgumentError } from '../../../api/errors.ts';

/**
 * Patterns of `${name#p}`, `${name%p}` and `${name/p/r}`: `*` is any text, `?` any character, a backslash makes either plain.
 * Stars are followed greedily from both sides, so a pattern costs at most its length times the value's, whatever is written there.
 */
export class ShellPattern {
  /** What stands between the stars; null is a question mark. */
  readonly #pieces: readonly (readonly (string | null)[])[];

  private constructor(pieces: readonly (readonly (string | null)[])[]) {
    this.#pieces = pieces;
  }

  /** @throws InvalidArgumentError for a backslash before any other character */
  static parse(text: string): ShellPattern {
    const pieces: (string | null)[][] = [[]];
    const characters = Array.from(text);
    for (let at = 0; at < characters.length; at += 1) {
      const character = characters[at] ?? '';
      if (character === '*') pieces.push([]);
      else if (character === '?') pieces.at(-1)?.push(null);
      else if (character !== '\\') pieces.at(-1)?.push(character);
      else {
        at += 1;
        const escaped = characters[at] ?? '';
        if (escaped === '' || !'}/*?\\'.includes(escaped)) throw new InvalidArgumentError(`invalid pattern (${text}) in substitution: invalid escape '\\${escaped}'`);
        pieces.at(-1)?.push(escaped);
      }
    }
    return new ShellPattern(pieces);
  }

  /** The value without the part at its beginning that matches; unchanged where none does. */
  trimStart(value: string, which: 'shortest' | 'longest'): string {
    const characters = Array.from(value);
    const end = new Search(characters).prefix(this.#pieces, which);
    return end === undefined ? value : characters.slice(end).join('');
  }

  /** The same at its end. */
  trimEnd(value: string, which: 'shortest' | 'longest'): string {
    const mirrored = this.#pieces.map((piece) => piece.toReversed()).toReversed();
    const characters = Array.from(value).reverse();
    const end = new Search(characters).prefix(mirrored, which);
    return end === undefined ? value : characters.slice(end).reverse().join('');
  }

  /** With the first or every longest match replaced. */
  replace(value: string, replacement: string, which: 'first' | 'all'): string {
    const characters = Array.from(value);
    const search = new Search(characters);
    const parts: string[] = [];
    let from = 0;
    for (;;) {
      const match = search.find(this.#pieces, from);
      if (match === undefined) break;
      parts.push(characters.slice(from, match.start).join(''), replacement);
      from = match.end;
      if (match.start === match.end) {
        if (from < characters.length) parts.push(characters[from] ?? '');
        from += 1;
      }
      if (which === 'first' || from > characters.length) break;
    }
    return parts.join('') + characters.slice(from).join('');
  }
}

type Piece = readonly (string | null)[];

const COMPARISONS_LIMIT = 20_000_000;

class Search {
  readonly #text: readonly string[];
  #comparisons = 0;

  constructor(text: readonly string[]) {
    this.#text = text;
  }

  /** End of the match that begins at the beginning. */
  prefix(pieces: readonly Piece[], which: 'shortest' | 'longest'): number | undefined {
    const [first = [], ...others] = pieces;
    if (!this.#isAt(first, 0)) return undefined;
    return this.#endOf(others, first.length, which);
  }

  /** The leftmost match from `from` on, as long as it can be. */
  find(pieces: readonly Piece[], from: number): { start: number; end: number } | undefined {
    const [first = [], ...others] = pieces;
    const start = this.#next(first, from);
    // Where what follows has no room after the leftmost beginning, it has none after a later one.
    const end = start === undefined ? undefined : this.#endOf(others, start + first.length, 'longest');
    return start === undefined || end === undefined ? undefined : { start, end };
  }

  #endOf(pieces: readonly Piece[], from: number, which: 'shortest' | 'longest'): number | undefined {
    let at = from;
    for (const piece of pieces) {
      const found = this.#next(piece, at);
      if (found === undefined) return undefined;
      at = found + piece.length;
    }
    const last = pieces.at(-1);
    return which === 'shortest' || last === undefined ? at : this.#last(last, at);
  }

  #next(piece: Piece, from: number): number | undefined {
    for (let at = from; at + piece.length <= this.#text.length; at += 1) if (this.#isAt(piece, at)) return at;
    return undefined;
  }

  /** End of the last occurrence, which is at `least` or later. */
  #last(piece: Piece, least: number): number {
    for (let at = this.#text.length - piece.length; at + piece.length > least; at -= 1) if (this.#isAt(piece, at)) return at + piece.length;
    return least;
  }

  #isAt(piece: Piece, from: number): boolean {
    if (from + piece.length > this.#text.length) return false;
    for (const [index, wanted] of piece.entries()) {
      this.#comparisons += 1;
      if (this.#comparisons > COMPARISONS_LIMIT) throw new InvalidArgumentError('the pattern of a substitution takes too long to match');
      if (wanted !== null && wanted !== this.#text[from + index]) return false;
    }
    return true;
  }
}
