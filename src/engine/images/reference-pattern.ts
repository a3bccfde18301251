import { InvalidArgumentError } from '../../api/errors.ts';

/**
 * A shell pattern as Go's path.Match reads it: `*` and `?` stop at slashes, `[a-z]` and `[^a-z]` are classes, a backslash quotes.
 * @throws InvalidArgumentError
 */
export function globToPattern(glob: string): RegExp {
  const source = glob.replace(/\\(.)|\[(\^?)((?:\\.|[^\]\\])+)\]|[*?.+^$(){}|[\]\\/-]/gs, (text: string, quoted: string | undefined, not: string | undefined, set: string | undefined) => {
    if (quoted !== undefined) return RegExp.escape(quoted);
    if (set !== undefined) return `[${not ?? ''}${set.replace(/[[\]^]/g, '\\$&')}]`;
    if (text === '*') return '[^/]*';
    if (text === '?') return '[^/]';
    if (text === '[' || text === '\\') throw new InvalidArgumentError(`invalid filter 'reference=${glob}': syntax error in pattern`);
    return RegExp.escape(text);
  });
  try {
    return new RegExp(`^${source}$`, 's');
  } catch (cause) {
    throw new InvalidArgumentError(`invalid filter 'reference=${glob}': syntax error in pattern`, { cause });
  }
}
