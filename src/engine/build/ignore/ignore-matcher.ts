import { InvalidArgumentError } from '../../../api/errors.ts';
import { trim } from '../dockerfile/go-text.ts';
import { cleanPath } from './clean-path.ts';
import { PathPattern } from './path-pattern.ts';

interface IgnorePattern {
  /** Cleaned, without `!`. */
  text: string;
  /** `!`: takes back what was excluded before. */
  isException: boolean;
  pattern: PathPattern;
  parts: readonly { text: string; pattern: PathPattern }[];
}

/** Which patterns a directory matches: what walking down hands on. */
export type DirectoryMatch = readonly boolean[];

/**
 * What `.dockerignore` and `COPY --exclude` leave out. The last pattern that matches a path or a directory above it decides.
 * Paths are relative, with slashes. Source: moby/patternmatcher.
 */
export class IgnoreMatcher {
  readonly #patterns: readonly IgnorePattern[];

  /** @throws InvalidArgumentError for a pattern that is none */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map(trim).filter((text) => text !== '').map(readPattern);
  }

  /** Reads the text of a `.dockerignore`. @throws InvalidArgumentError */
  static parse(text: string): IgnoreMatcher {
    return new IgnoreMatcher(ignorePatterns(text));
  }

  get isEmpty(): boolean {
    return this.#patterns.length === 0;
  }

  get hasExceptions(): boolean {
    return this.#patterns.some(({ isException }) => isException);
  }

  /** Without `!`. */
  get patterns(): readonly string[] {
    return this.#patterns.map(({ text }) => text);
  }

  /** Whether a path is left out, as walking down to it finds. The context itself never is. */
  excludes(path: string): boolean {
    const clean = cleanPath(path).replace(/^\//, '');
    if (clean === '.' || clean === '') return false;
    let step: { isExcluded: boolean; match: DirectoryMatch } | undefined;
    for (const { index } of `${clean}/`.matchAll(/\//g)) step = this.excludesBelow(clean.slice(0, index), step?.match);
    return step?.isExcluded ?? false;
  }

  /**
   * The same for somebody who walks a tree from the top, at the cost of one comparison per pattern.
   * @param path clean; of an entry of the directory that `above` was returned for, or of the context without it
   */
  excludesBelow(path: string, above?: DirectoryMatch): { isExcluded: boolean; match: DirectoryMatch } {
    let isExcluded = false;
    const match = this.#patterns.map(({ isException, pattern }, index) => {
      const isMatch = above?.[index] === true || (isException === isExcluded && pattern.matches(path));
      if (isMatch) isExcluded = !isException;
      return isMatch;
    });
    return { isExcluded, match };
  }

  /** Whether something below an excluded directory may be taken back, so that it must be looked into. */
  mayIncludeBelow(directory: string): boolean {
    const names = cleanPath(directory).split('/');
    return this.#patterns.some(({ isException, parts }) => {
      if (!isException) return false;
      for (const [index, name] of names.entries()) {
        const part = parts[index];
        if (part === undefined) return true;
        if (part.text.includes('**')) return true;
        if (!part.pattern.matches(name)) return false;
      }
      return true;
    });
  }
}

function readPattern(written: string): IgnorePattern {
  const cleaned = cleanPath(written);
  const isException = cleaned.startsWith('!');
  const text = isException ? cleaned.slice(1) : cleaned;
  if (text === '') throw new InvalidArgumentError('illegal exclusion pattern: "!"');
  const pattern = new PathPattern(text);
  return { text, isException, pattern, parts: isException ? text.split('/').map((part) => ({ text: part, pattern: quietPattern(part) })) : [] };
}

/** A part of a pattern whose class holds a slash is no pattern by itself; then anything may match. */
function quietPattern(part: string): PathPattern {
  try {
    return new PathPattern(part);
  } catch (error) {
    if (error instanceof InvalidArgumentError) return new PathPattern('**');
    throw error;
  }
}

/** The patterns of a `.dockerignore`, cleaned, with `!`. Source: moby/patternmatcher, ignorefile. */
export function ignorePatterns(text: string): string[] {
  return text.replace(/^\ufeff/, '').split('\n').filter((line) => !line.startsWith('#')).map(trim).filter((line) => line !== '').map((line) => {
    const isException = line.startsWith('!');
    const written = isException ? trim(line.slice(1)) : line;
    const clean = written === '' ? '' : cleanPath(written);
    return `${isException ? '!' : ''}${clean.length > 1 && clean.startsWith('/') ? clean.slice(1) : clean}`;
  });
}

/**
 * Where the patterns for a Dockerfile are looked for, the first that exists counts alone.
 * @param dockerfile path within the context
 */
export function ignoreFilesFor(dockerfile: string): readonly string[] {
  return [`${dockerfile}.dockerignore`, '.dockerignore'];
}
