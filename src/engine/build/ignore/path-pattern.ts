import { InvalidArgumentError } from '../../../api/errors.ts';

/** A piece of a pattern; a class says which characters it takes. */
type Piece =
  | { kind: 'character'; character: string }
  | { kind: 'class'; takes: (character: string) => boolean }
  /** `*`: any number of characters, none a slash. */
  | { kind: 'star' }
  /** A double star before more: nothing, or anything that ends with a slash. */
  | { kind: 'directories' }
  /** A double star at the end: anything. */
  | { kind: 'rest' };

/**
 * A pattern over slash paths as `.dockerignore` and `--exclude` have them: Go's filepath.Match, and a double star for any number of directories.
 * Source: moby/patternmatcher; Dockerfile reference, ".dockerignore file". A match costs at most its length times the path's.
 */
export class PathPattern {
  readonly #matches: (path: string) => boolean;

  /**
   * @param pattern cleaned
   * @throws InvalidArgumentError
   */
  constructor(pattern: string) {
    const pieces = parse(pattern);
    this.#matches = literal(pieces) ?? edge(pieces) ?? ((path) => simulate(pieces, path));
  }

  matches(path: string): boolean {
    return this.#matches(path);
  }
}

const ANY_BUT_SLASH: Piece = { kind: 'class', takes: (character) => character !== '/' };

function parse(pattern: string): Piece[] {
  const characters = Array.from(pattern);
  const pieces: Piece[] = [];
  let at = 0;
  while (at < characters.length) {
    const character = characters[at] ?? '';
    if (character === '*' && characters[at + 1] === '*') {
      at += characters[at + 2] === '/' ? 3 : 2;
      pieces.push({ kind: at === characters.length ? 'rest' : 'directories' });
      continue;
    }
    if (character === '[') {
      const { takes, end } = parseClass(characters, at + 1, pattern);
      pieces.push({ kind: 'class', takes });
      at = end;
      continue;
    }
    if (character === '\\') {
      const escaped = characters[at + 1];
      if (escaped === undefined) throw badPattern(pattern);
      pieces.push({ kind: 'character', character: escaped });
      at += 2;
      continue;
    }
    pieces.push(character === '*' ? { kind: 'star' } : character === '?' ? ANY_BUT_SLASH : { kind: 'character', character });
    at += 1;
  }
  return pieces;
}

function badPattern(pattern: string): InvalidArgumentError {
  return new InvalidArgumentError(`syntax error in pattern: ${pattern}`);
}

function parseClass(characters: readonly string[], from: number, pattern: string): { takes: (character: string) => boolean; end: number } {
  const isNegated = characters[from] === '^';
  const ranges: [low: number, high: number][] = [];
  let at = isNegated ? from + 1 : from;
  const read = (): number => {
    const character = characters[at];
    if (character === '-' || character === ']') throw badPattern(pattern);
    if (character === '\\') at += 1;
    const read = characters[at];
    at += 1;
    if (read === undefined || characters[at] === undefined) throw badPattern(pattern);
    return read.codePointAt(0) ?? 0;
  };
  while (characters[at] !== ']' || ranges.length === 0) {
    const low = read();
    let high = low;
    if (characters[at] === '-') {
      at += 1;
      high = read();
    }
    ranges.push([low, high]);
  }
  const takes = (character: string): boolean => {
    const code = character.codePointAt(0) ?? 0;
    return ranges.some(([low, high]) => low <= code && code <= high) !== isNegated;
  };
  return { takes, end: at + 1 };
}

function textOf(pieces: readonly Piece[]): string | undefined {
  let text = '';
  for (const piece of pieces) {
    if (piece.kind !== 'character') return undefined;
    text += piece.character;
  }
  return text;
}

function literal(pieces: readonly Piece[]): ((path: string) => boolean) | undefined {
  const text = textOf(pieces);
  return text === undefined ? undefined : (path) => path === text;
}

/** A plain text with a double star before or after it, which most patterns are. */
function edge(pieces: readonly Piece[]): ((path: string) => boolean) | undefined {
  const before = pieces.at(-1)?.kind === 'rest' ? textOf(pieces.slice(0, -1)) : undefined;
  if (before !== undefined) return (path) => path.startsWith(before);
  const after = pieces[0]?.kind === 'directories' ? textOf(pieces.slice(1)) : undefined;
  return after === undefined ? undefined : (path) => path === after || path.endsWith(`/${after}`);
}

/** Goes through the path once with all places of the pattern that it may be at. */
function simulate(pieces: readonly Piece[], path: string): boolean {
  let places = reach(pieces, [0], true);
  for (const character of path) {
    const next: number[] = [];
    for (const place of places) {
      const piece = pieces[place];
      if (piece === undefined) continue;
      if (piece.kind === 'character' ? piece.character === character : piece.kind === 'class' && piece.takes(character)) next.push(place + 1);
      else if (piece.kind === 'rest' || piece.kind === 'directories' || (piece.kind === 'star' && character !== '/')) next.push(place);
      if (piece.kind === 'directories' && character === '/') next.push(place + 1);
    }
    places = reach(pieces, next, false);
    if (places.length === 0) return false;
  }
  return places.includes(pieces.length);
}

/** With the places that are reached without a character. Directories may be none, which is decided when they are come to. */
function reach(pieces: readonly Piece[], from: readonly number[], isStart: boolean): number[] {
  const reached = new Set<number>();
  const add = (place: number, isNew: boolean): void => {
    if (reached.has(place)) return;
    reached.add(place);
    const kind = pieces[place]?.kind;
    if (kind === 'star' || kind === 'rest' || (kind === 'directories' && isNew)) add(place + 1, true);
  };
  // In order, so that what goes on within directories does not hide what comes to them anew.
  const isStaying = (place: number): boolean => !isStart && pieces[place]?.kind === 'directories';
  for (const place of from) if (!isStaying(place)) add(place, true);
  for (const place of from) if (isStaying(place)) add(place, false);
  return [...reached];
}
