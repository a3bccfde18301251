import { InvalidArgumentError } from '../../../api/errors.ts';
import type { DockerfileNode } from './dockerfile-node.ts';
import { isSpace, quote, trim, trimLeft } from './go-text.ts';
import { splitBlanks, splitFirst, splitWords, takeFlags } from './words.ts';

type ParsedLine = Pick<DockerfileNode, 'keyword' | 'flags' | 'words' | 'isJson' | 'original' | 'trigger'>;

interface Arguments {
  words: readonly string[];
  isJson?: boolean;
}

const READERS: Readonly<Record<string, (text: string, escape: string) => Arguments>> = {
  add: jsonOrWords,
  arg: (text, escape) => ({ words: splitWords(text, escape) }),
  cmd: jsonOrText,
  copy: jsonOrWords,
  entrypoint: jsonOrText,
  env: (text, escape) => ({ words: nameValues('ENV', text, escape) }),
  expose: (text) => ({ words: splitBlanks(text) }),
  from: (text) => ({ words: splitBlanks(text) }),
  healthcheck: kindThenCommand,
  label: (text, escape) => ({ words: nameValues('LABEL', text, escape) }),
  maintainer: wholeText,
  run: jsonOrText,
  shell: jsonOrText,
  stopsignal: wholeText,
  user: wholeText,
  volume: jsonOrWords,
  workdir: wholeText,
};

/**
 * Takes one line apart, by the rules of its keyword. An unknown keyword has no words; it is refused later, with the place.
 * @throws InvalidArgumentError in BuildKit's words
 */
export function parseLine(line: string, escape: string): ParsedLine {
  const text = trim(line);
  const [keyword, written] = splitFirst(text) ?? [text, ''];
  const { flags, rest } = takeFlags(written);
  const known = keyword.toLowerCase();
  const content = trim(rest);
  if (known === 'onbuild') return { keyword, flags, words: [], isJson: false, original: line, ...(content === '' ? {} : { trigger: triggerOf(content, escape) }) };
  const read = Object.hasOwn(READERS, known) ? READERS[known] : undefined;
  const { words, isJson = false } = read?.(content, escape) ?? { words: [] };
  return { keyword, flags, words, isJson, original: line };
}

/** ONBUILD within ONBUILD is refused later; its own trigger is of no interest, and a chain of thousands must not go deep. */
function triggerOf(text: string, escape: string): DockerfileNode {
  const [keyword = ''] = splitFirst(text) ?? [text];
  const line = keyword.toLowerCase() === 'onbuild' ? { keyword, flags: [], words: [], isJson: false, original: text } : parseLine(text, escape);
  return { ...line, heredocs: [], comments: [], range: { start: 0, end: 0 } };
}

function wholeText(text: string): Arguments {
  return { words: text === '' ? [] : [text] };
}

function jsonOrText(text: string): Arguments {
  const items = jsonList(text);
  return items === undefined ? wholeText(text) : { words: items, isJson: true };
}

function jsonOrWords(text: string): Arguments {
  const items = jsonList(text);
  return items === undefined ? { words: splitBlanks(text) } : { words: items, isJson: true };
}

/** @throws InvalidArgumentError for a JSON list of other things than strings */
function jsonList(text: string): string[] | undefined {
  if (!trimLeft(text).startsWith('[')) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  const items = parsed.filter((item) => typeof item === 'string');
  if (items.length !== parsed.length) throw new InvalidArgumentError('when using JSON array syntax, arrays must be comprised of strings only');
  return items;
}

function nameValues(keyword: string, text: string, escape: string): string[] {
  const words = splitWords(text, escape);
  if (words.length === 0) return [];
  if (words[0]?.includes('=') !== true) {
    const old = splitFirst(text);
    if (old === undefined) throw new InvalidArgumentError(`${keyword} must have two arguments`);
    return [...old, ''];
  }
  return words.flatMap((word) => {
    const equals = word.indexOf('=');
    if (equals === -1) throw new InvalidArgumentError(`Syntax error - can't find = in ${quote(word)}. Must be of the form: name=value`);
    return [word.slice(0, equals), word.slice(equals + 1), '='];
  });
}

function kindThenCommand(text: string): Arguments {
  let end = 0;
  while (end < text.length && !isSpace(text.charAt(end))) end += 1;
  if (end === 0) return { words: [] };
  const { words, isJson = false } = jsonOrText(trimLeft(text.slice(end)));
  return { words: [text.slice(0, end), ...words], isJson };
}
