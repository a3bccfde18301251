import { goJson } from '../output/go-json.ts';
import { sprintf } from './go-printf.ts';
import { GoNil, goString, isMap, isTrue, sortedKeys } from './go-value.ts';

export type TemplateFunction = (...args: unknown[]) => unknown;

/** Go's own functions for templates, and those that docker adds. `and` and `or` are the evaluator's, because they stop early. */
export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  // Go
  eq: (first, ...others) => { needs(others.length >= 1, 'missing argument for comparison'); return others.some((other) => same(first, other)); },
  ne: (first, other) => !same(first, other),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  not: (value) => !isTrue(value),
  len: (value) => lengthOf(value),
  index: (value, ...keys) => keys.reduce((current, key) => elementOf(current, key), value),
  slice: (value, from = 0, to) => sliceOf(value, Number(from), to === undefined ? undefined : Number(to)),
  print: (...args) => args.map((arg, index) => (index > 0 && typeof arg !== 'string' && typeof args[index - 1] !== 'string' ? ' ' : '') + goString(arg, false)).join(''),
  printf: (format, ...args) => sprintf(String(format), args),
  println: (...args) => `${args.map((arg) => goString(arg, false)).join(' ')}\n`,
  html: (...args) => args.map((arg) => goString(arg, false)).join(' ').replace(/[&<>"']/g, (character) => HTML[character] ?? character),
  js: (...args) => goJson(args.map((arg) => goString(arg, false)).join(' ')).slice(1, -1).replaceAll("'", "\\'"),
  urlquery: (...args) => encodeURIComponent(args.map((arg) => goString(arg, false)).join(' ')).replaceAll('%20', '+'),
  // docker
  json: (value) => goJson(value),
  split: (value, separator) => String(value).split(String(separator)),
  join: (value, separator) => { needs(Array.isArray(value), 'join wants a list'); return (value as unknown[]).map((item) => goString(item, false)).join(String(separator)); },
  title: (value) => String(value).replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase()),
  lower: (value) => String(value).toLowerCase(),
  upper: (value) => String(value).toUpperCase(),
  pad: (value, before, after) => (value === '' ? '' : ' '.repeat(Number(before)) + String(value) + ' '.repeat(Number(after))),
  truncate: (value, length) => [...String(value)].slice(0, Number(length)).join(''),
};

export const FUNCTION_NAMES: ReadonlySet<string> = new Set([...Object.keys(FUNCTIONS), 'and', 'or']);

/** In the title row of a table docker's functions leave the column's title alone. */
export const TITLE_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  ...FUNCTIONS,
  ...Object.fromEntries(['json', 'split', 'join', 'title', 'lower', 'upper', 'pad', 'truncate'].map((name) => [name, (value: unknown) => value])),
};

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };

function needs(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

function same(a: unknown, b: unknown): boolean {
  const [left, right] = [plain(a), plain(b)];
  needs(!isComposite(left) && !isComposite(right), 'non-comparable type');
  if (left === null || right === null) return left === right;
  needs(typeof left === typeof right, 'incompatible types for comparison');
  return left === right;
}

function plain(value: unknown): unknown {
  return value === undefined || value instanceof GoNil ? null : value;
}

function isComposite(value: unknown): boolean {
  return Array.isArray(value) || isMap(value);
}

function compare(a: unknown, b: unknown): number {
  needs(typeof a === typeof b && (typeof a === 'string' || typeof a === 'number'), 'incompatible types for comparison');
  const [left, right] = [a as string | number, b as string | number];
  return left < right ? -1 : left > right ? 1 : 0;
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return new TextEncoder().encode(value).length;
  if (Array.isArray(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  if (value instanceof GoNil && value.text !== '<nil>') return 0;
  throw new Error(value === undefined || value === null || value instanceof GoNil ? 'len of nil pointer' : `len of type ${typeof value}`);
}

function elementOf(value: unknown, key: unknown): unknown {
  if (Array.isArray(value)) {
    needs(typeof key === 'number', `cannot index slice/array with type ${typeof key}`);
    needs((key as number) >= 0 && (key as number) < value.length, `index out of range: ${String(key)}`);
    return value[key as number] as unknown;
  }
  if (isMap(value)) return Object.hasOwn(value, String(key)) ? value[String(key)] : '';
  if (typeof value === 'string' && typeof key === 'number') return new TextEncoder().encode(value)[key];
  if (value instanceof GoNil && value.text === 'map[]') return '';
  if (value instanceof GoNil && value.text === '[]') throw new Error(`index out of range: ${String(key)}`);
  throw new Error(value === undefined || value === null || value instanceof GoNil ? 'index of untyped nil' : `can't index item of type ${typeof value}`);
}

function sliceOf(value: unknown, from: number, to: number | undefined): unknown {
  needs(typeof value === 'string' || Array.isArray(value), "can't slice item of that type");
  const list = value as string | unknown[];
  needs(from >= 0 && from <= list.length && (to ?? list.length) <= list.length && from <= (to ?? list.length), `index out of range: ${String(to ?? from)}`);
  return list.slice(from, to);
}

/** Pairs that `range` walks: slices by index, maps in the order of their keys, numbers as 0 to n-1. */
export function entriesOf(value: unknown): [unknown, unknown][] {
  if (Array.isArray(value)) return value.map((item: unknown, index) => [index, item]);
  if (isMap(value)) return sortedKeys(value).map((key) => [key, value[key]]);
  if (typeof value === 'number') return Array.from({ length: Math.max(0, Math.trunc(value)) }, (_, index) => [index, index]);
  if (value === undefined || value === null || value instanceof GoNil) return [];
  throw new Error(`range can't iterate over ${goString(value)}`);
}
