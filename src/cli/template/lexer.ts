/** Pieces of a Go template. Source: package documentation of text/template. */
export type Token =
  | { kind: 'text'; text: string; line: number }
  | { kind: 'open' | 'close'; line: number }
  | { kind: 'field'; name: string; line: number; column: number }
  | { kind: 'variable'; name: string; line: number; column: number }
  | { kind: 'word'; text: string; line: number; column: number }
  | { kind: 'string'; value: string; line: number; column: number }
  | { kind: 'number'; value: number; line: number; column: number }
  | { kind: 'dot'; line: number; column: number }
  | { kind: 'symbol'; text: '|' | '(' | ')' | '=' | ':=' | ','; line: number; column: number }
  /** White space between arguments: it parts `.A .B` from `.A.B`. */
  | { kind: 'space'; line: number };

/** A template that cannot be read. The text is Go's, without `template: `. */
export class TemplateSyntaxError extends Error {
  constructor(line: number, message: string) {
    super(`:${line}: ${message}`);
  }
}

/** @throws TemplateSyntaxError */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let trimNext = false;
  while (at < source.length) {
    const open = source.indexOf('{{', at);
    let text = source.slice(at, open < 0 ? source.length : open);
    if (trimNext) text = text.trimStart();
    if (open < 0) {
      if (text !== '') tokens.push({ kind: 'text', text, line: lineAt(source, at) });
      break;
    }
    const trims = /^-\s/.test(source.slice(open + 2, open + 4));
    if (trims) text = text.trimEnd();
    if (text !== '') tokens.push({ kind: 'text', text, line: lineAt(source, at) });
    const start = open + (trims ? 3 : 2);
    const comment = /^\s*\/\*[\s\S]*?\*\/\s*(-?)\}\}/.exec(source.slice(start));
    if (comment) {
      at = start + comment[0].length;
      trimNext = comment[1] === '-';
      continue;
    }
    tokens.push({ kind: 'open', line: lineAt(source, open) });
    const end = tokenizeAction(source, start, tokens);
    trimNext = end.trims;
    at = end.at;
  }
  return tokens;
}

const PATTERN = /\s+-?(?=\}\})|\}\}|\s+|\.[\p{L}_][\p{L}\p{N}_]*|\.(?![\d])|\$[\p{L}\p{N}_]*|[\p{L}_][\p{L}\p{N}_]*|"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)+'|[+-]?(?:0x[0-9a-f]+|(?:\d[\d_]*)?\.?\d+(?:e[+-]?\d+)?)|:=|[|()=,]/iuy;

function tokenizeAction(source: string, from: number, tokens: Token[]): { at: number; trims: boolean } {
  let at = from;
  let trims = false;
  for (;;) {
    if (source.startsWith('}}', at)) {
      tokens.push({ kind: 'close', line: lineAt(source, at) });
      return { at: at + 2, trims };
    }
    PATTERN.lastIndex = at;
    const word = PATTERN.exec(source)?.[0];
    const line = lineAt(source, at);
    if (word === undefined) throw new TemplateSyntaxError(line, at >= source.length ? 'unclosed action' : badCharacter(source.slice(at)));
    trims = /^\s+-$/.test(word);
    tokens.push(toToken(word, line, columnAt(source, at)));
    at += word.length;
  }
}

function toToken(word: string, line: number, column: number): Token {
  if (/^\s/.test(word)) return { kind: 'space', line };
  if (word === '.') return { kind: 'dot', line, column };
  if (word.startsWith('.') && !/^\.\d/.test(word)) return { kind: 'field', name: word.slice(1), line, column };
  if (word.startsWith('$')) return { kind: 'variable', name: word, line, column };
  if (word.startsWith('"')) return { kind: 'string', value: unquote(word, line), line, column };
  if (word.startsWith('`')) return { kind: 'string', value: word.slice(1, -1), line, column };
  if (word.startsWith("'")) return { kind: 'number', value: unquote(`"${word.slice(1, -1)}"`, line).codePointAt(0) ?? 0, line, column };
  if (/^[|()=,]$|^:=$/.test(word)) return { kind: 'symbol', text: word as '|', line, column };
  if (/^[+-]?[\d.]/.test(word)) return { kind: 'number', value: Number(word.replaceAll('_', '')), line, column };
  return { kind: 'word', text: word, line, column };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', f: '\f', v: '\v', '\\': '\\', '"': '"', "'": "'" };

function unquote(word: string, line: number): string {
  return word.slice(1, -1).replace(/\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[0-7]{3}|.)/gi, (_, escape: string) => {
    const known = ESCAPES[escape];
    if (known !== undefined) return known;
    const code = /^[xu]/i.test(escape) && escape.length > 1 ? Number.parseInt(escape.slice(1), 16) : /^[0-7]{3}$/.test(escape) ? Number.parseInt(escape, 8) : Number.NaN;
    if (Number.isNaN(code) || code > 0x10ffff) throw new TemplateSyntaxError(line, `invalid syntax in string ${word}`);
    return String.fromCodePoint(code);
  });
}

function badCharacter(rest: string): string {
  if (/^["']/.test(rest)) return rest.startsWith('"') ? 'unterminated quoted string' : 'unterminated character constant';
  if (rest.startsWith('`')) return 'unterminated raw quoted string';
  const character = [...rest][0] ?? '';
  return `unexpected ${JSON.stringify(character).replace(/^"|"$/g, "'")} in operand`;
}

function lineAt(source: string, at: number): number {
  return source.slice(0, at).split('\n').length;
}

function columnAt(source: string, at: number): number {
  return at - (source.lastIndexOf('\n', at - 1) + 1);
}
