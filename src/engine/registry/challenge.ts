/** One challenge of a WWW-Authenticate header; scheme and parameter names in lower case. */
export interface Challenge {
  scheme: string;
  parameters: Readonly<Record<string, string>>;
}

const HEADER_LIMIT = 8192;

/**
 * All challenges of a WWW-Authenticate header, in order. What cannot be read ends the list; nothing throws.
 * Source: RFC 9110, section 11.6.1; quoted strings with escapes, parameters with or without blanks around `=`.
 */
export function parseChallenges(header: string | undefined): Challenge[] {
  if (header === undefined || header.length > HEADER_LIMIT) return [];
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
  let at = 0;
  const skip = (pattern: RegExp): void => {
    pattern.lastIndex = at;
    at += pattern.exec(header)?.[0].length ?? 0;
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(header)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  while (at < header.length) {
    skip(/[\s,]*/y);
    const word = take(token);
    if (word === undefined) break;
    if (take(/\s*=\s*/y) === undefined) {
      challenges.push({ scheme: word.toLowerCase(), parameters: {} });
      continue;
    }
    const value = take(/"(?:[^"\\]|\\.)*"/y)?.slice(1, -1).replace(/\\(.)/g, '$1') ?? take(/[^\s,]*/y) ?? '';
    const current = challenges.at(-1);
    if (!current) break;
    current.parameters[word.toLowerCase()] ??= value;
  }
  return challenges;
}
