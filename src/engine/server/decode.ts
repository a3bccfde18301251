import { InvalidArgumentError } from '../../api/errors.ts';

/**
 * Checks JSON from outside against a table of fields: what is known must have its type, what is unknown is dropped, `null` counts as
 * absent. So a handler gets an object that cannot be wrong in shape.
 */
export type FieldKind =
  | 'string' | 'boolean' | 'integer' | 'strings' | 'string-lists'
  /** A list of strings, or one string alone (Cmd and Entrypoint in old clients). */
  | 'command'
  | 'string-map'
  /** An object whose values do not matter (`{"80/tcp": {}}`). */
  | 'set'
  | 'size'
  | { object: FieldTable } | { list: FieldTable } | { map: FieldTable } | { map: 'lists'; of: FieldTable };

export type FieldTable = Readonly<Record<string, FieldKind>>;

/** @param where the name of the object, for errors. @throws InvalidArgumentError that names the field */
export function decodeObject<T>(value: unknown, table: FieldTable, where = 'request body'): T {
  if (value === undefined || value === null) return {} as T;
  if (!isObject(value)) throw wrong(where, 'an object');
  const known = new Map(Object.keys(table).map((name) => [name.toLowerCase(), name]));
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    // Like dockerd (Go's decoder), names are matched whatever their case.
    const name = known.get(key.toLowerCase());
    const kind = name === undefined ? undefined : table[name];
    if (name === undefined || kind === undefined || item === null) continue;
    result[name] = decodeField(item, kind, `${where}: ${name}`);
  }
  return result as T;
}

function decodeField(value: unknown, kind: FieldKind, where: string): unknown {
  if (typeof kind === 'object') return decodeNested(value, kind, where);
  switch (kind) {
    case 'string': if (typeof value !== 'string') throw wrong(where, 'a string'); return value;
    case 'boolean': if (typeof value !== 'boolean') throw wrong(where, 'true or false'); return value;
    case 'integer': if (!Number.isSafeInteger(value)) throw wrong(where, 'a whole number'); return value;
    case 'strings': return strings(value, where);
    case 'string-lists':
      if (!Array.isArray(value)) throw wrong(where, 'a list of lists');
      return value.map((item) => strings(item, where));
    case 'command': return typeof value === 'string' ? [value] : strings(value, where);
    case 'string-map':
      if (!isObject(value) || !Object.values(value).every((item) => typeof item === 'string')) throw wrong(where, 'an object of strings');
      return value;
    case 'set':
      if (!isObject(value)) throw wrong(where, 'an object');
      return Object.fromEntries(Object.keys(value).map((key) => [key, {}]));
    case 'size':
      if (!Array.isArray(value) || value.length !== 2 || !value.every((item) => Number.isSafeInteger(item) && Number(item) >= 0)) throw wrong(where, 'two whole numbers');
      return value;
  }
}

function decodeNested(value: unknown, kind: Exclude<FieldKind, string>, where: string): unknown {
  if ('object' in kind) return decodeObject(value, kind.object, where);
  if ('list' in kind) return list(value, kind.list, where);
  if (!isObject(value)) throw wrong(where, 'an object');
  const entries = Object.entries(value);
  if (kind.map === 'lists') return Object.fromEntries(entries.map(([key, item]) => [key, item === null ? null : list(item, kind.of, `${where}: ${key}`)]));
  const table = kind.map;
  return Object.fromEntries(entries.map(([key, item]) => [key, item === null ? null : decodeObject(item, table, `${where}: ${key}`)]));
}

function list(value: unknown, table: FieldTable, where: string): unknown[] {
  if (!Array.isArray(value)) throw wrong(where, 'a list');
  return value.map((item) => decodeObject(item, table, where));
}

function strings(value: unknown, where: string): string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw wrong(where, 'a list of strings');
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(where: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`invalid JSON: ${where} must be ${expected}`);
}
