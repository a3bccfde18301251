import { InvalidArgumentError } from '../../../api/errors.ts';

/**
 * One record of comma separated values: `type=bind,"source=a,b"`. Source: RFC 4180.
 * @param what for errors
 * @throws InvalidArgumentError for a quote in the middle of a field, and for one without an end
 */
export function csvFields(text: string, what: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const { field, end } = text[at] === '"' ? quotedField(text, at, what) : plainField(text, at, what);
    fields.push(field);
    if (end >= text.length) return fields;
    at = end + 1;
  }
}

function plainField(text: string, from: number, what: string): { field: string; end: number } {
  const comma = text.indexOf(',', from);
  const end = comma === -1 ? text.length : comma;
  const field = text.slice(from, end);
  if (field.includes('"')) throw new InvalidArgumentError(`failed to parse csv ${what}: bare " in non-quoted field`);
  return { field, end };
}

function quotedField(text: string, from: number, what: string): { field: string; end: number } {
  const parts: string[] = [];
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote === -1) throw new InvalidArgumentError(`failed to parse csv ${what}: extraneous or missing " in quoted field`);
    parts.push(text.slice(at, quote));
    at = quote + 1;
    if (text[at] !== '"') break;
    parts.push('"');
    at += 1;
  }
  if (at < text.length && text[at] !== ',') throw new InvalidArgumentError(`failed to parse csv ${what}: extraneous or missing " in quoted field`);
  return { field: parts.join(''), end: at };
}
