/** How Go's library reads and writes text, where clients see the result. */

/** White space as Go's unicode.IsSpace. */
export function isSpace(character: string): boolean {
  const code = character.charCodeAt(0);
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return code === 0x85 || code === 0xa0 || (code >= 0x1680 && code !== 0xfeff && /^\s/.test(character));
}

const LEADING = /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

export function trimLeft(text: string): string {
  return isSpace(text.charAt(0)) ? text.replace(LEADING, '') : text;
}

export function trimRight(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** Without the line ends behind it. */
export function trimLineEnd(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r' || line[end - 1] === '\n') end -= 1;
  return line.slice(0, end);
}

export function trim(text: string): string {
  return trimRight(trimLeft(text));
}

const NAMED: Readonly<Record<string, string>> = { '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '"': '\\"', '\\': '\\\\' };

/** A string literal as `%q` prints it. Source: Go, strconv.Quote. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]|(?! )[\p{C}\p{Z}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (NAMED[character] !== undefined) return NAMED[character];
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
  })}"`;
}

/** A list as `%q` prints it: `["a" "b"]`. */
export function quoteList(words: readonly string[]): string {
  return `[${words.map(quote).join(' ')}]`;
}

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/** Source: Go, strconv.ParseBool. Undefined for everything else. */
export function parseBoolean(text: string): boolean | undefined {
  return TRUE.includes(text) ? true : FALSE.includes(text) ? false : undefined;
}
