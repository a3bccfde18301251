export interface JsonToken {
  kind: 'key' | 'string' | 'number' | 'word' | 'rest';
  text: string;
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/g;

/** Splits formatted JSON into coloured pieces; joined again they are the input. */
export function jsonTokens(json: string): JsonToken[] {
  const tokens: JsonToken[] = [];
  let at = 0;
  const add = (kind: JsonToken['kind'], text: string): void => { if (text !== '') tokens.push({ kind, text }); };
  for (const match of json.matchAll(TOKEN)) {
    add('rest', json.slice(at, match.index));
    at = match.index + match[0].length;
    const [whole, quoted, colon] = match;
    if (quoted !== undefined) {
      add(colon === undefined ? 'string' : 'key', quoted);
      add('rest', colon ?? '');
    } else add(/^[tfn]/.test(whole) ? 'word' : 'number', whole);
  }
  add('rest', json.slice(at));
  return tokens;
}
