import { isSpace } from './go-text.ts';

/**
 * Words apart by white space, where quotes and escapes keep together; both stay in the words. An escape at the very end is dropped.
 * Source: Dockerfile reference, "ENV", "LABEL", "ARG".
 */
export function splitWords(text: string, escape: string): string[] {
  const words: string[] = [];
  let from = -1;
  let quote: string | undefined;
  let at = 0;
  for (; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (quote === undefined && isSpace(character)) {
      if (from !== -1) words.push(text.slice(from, at));
      from = -1;
      continue;
    }
    if (from === -1) from = at;
    if (character === escape && quote !== "'") {
      if (at + 1 === text.length) break;
      at += 1;
    } else if (quote === character) quote = undefined;
    else if (quote === undefined && (character === '"' || character === "'")) quote = character;
  }
  const last = from === -1 ? '' : text.slice(from, at);
  return last === '' ? words : [...words, last];
}

const BLANKS = /[\t\v\f\r ]+/;

/** Words apart by blanks alone. */
export function splitBlanks(text: string): string[] {
  return text === '' ? [] : text.split(BLANKS);
}

/** The first word and all the rest; undefined where there is one word only. */
export function splitFirst(text: string): [first: string, rest: string] | undefined {
  const blanks = BLANKS.exec(text);
  return blanks === null ? undefined : [text.slice(0, blanks.index), text.slice(blanks.index + blanks[0].length)];
}

/** Takes `--name=value` words off the front of an instruction's arguments; quotes and backslashes are undone in them. `--` alone ends them. */
export function takeFlags(text: string): { flags: string[]; rest: string } {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text.charAt(at))) at += 1;
    if (!text.startsWith('--', at)) return { flags, rest: text.slice(at) };
    const word = readFlag(text, at);
    at = word.end;
    if (word.text === '--') return { flags, rest: text.slice(at) };
    flags.push(word.text);
  }
}

function readFlag(text: string, from: number): { text: string; end: number } {
  const parts: string[] = [];
  let quote: string | undefined;
  let at = from;
  for (; at < text.length; at += 1) {
    let character = text.charAt(at);
    if (quote === undefined && isSpace(character)) break;
    if (character === '\\') {
      at += 1;
      character = text.charAt(at);
    } else if (quote === character) {
      quote = undefined;
      continue;
    } else if (quote === undefined && (character === '"' || character === "'")) {
      quote = character;
      continue;
    }
    parts.push(character);
  }
  return { text: parts.join(''), end: at };
}
