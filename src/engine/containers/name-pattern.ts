import { runInNewContext } from 'node:vm';

/** A pattern that needs longer for all names is a trap, not a name. */
const LIMIT_MS = 200;
const CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z', alpha: 'A-Za-z', ascii: '\\x00-\\x7f', blank: '\\t ', digit: '0-9', lower: 'a-z', punct: '!-/:-@\\[-`{-~', space: '\\s', upper: 'A-Z', word: '\\w', xdigit: '0-9A-Fa-f',
};

/**
 * Which of some texts a filter of names takes. Docker reads them as Go's regular expressions (RE2 syntax), anywhere in the text; one that is
 * none takes only what it equals. What takes too long takes nothing.
 */
export function matchPatterns(patterns: readonly string[], texts: readonly string[]): Set<string> {
  const found = new Set(texts.filter((text) => patterns.includes(text)));
  const expressions = patterns.flatMap((pattern) => toExpression(pattern) ?? []);
  if (expressions.length === 0) return found;
  try {
    const hits: unknown = runInNewContext('texts.filter((text) => expressions.some((expression) => expression.test(text)))', { texts, expressions }, { timeout: LIMIT_MS });
    for (const text of Array.isArray(hits) ? hits : []) found.add(String(text));
  } catch {
    // It has run too long.
  }
  return found;
}

/** Go's spelling in ours: flags in front, names of groups, ends of the text, classes of characters. Undefined for what is no expression. */
function toExpression(pattern: string): RegExp | undefined {
  const flags = /^\(\?([imsU]+)\)/.exec(pattern);
  const source = pattern.slice(flags?.[0].length ?? 0)
    .replaceAll(/\\A/g, '^').replaceAll(/\\z/g, '$').replaceAll('(?P<', '(?<')
    .replaceAll(/\[:(\^?)(\w+):\]/g, (text, negated: string, name: string) => (negated === '' ? (CLASSES[name] ?? text) : text));
  try {
    return new RegExp(source, [...new Set(flags?.[1] ?? '')].filter((flag) => flag !== 'U').join(''));
  } catch {
    return undefined;
  }
}
