import { InvalidArgumentError } from '../api/errors.ts';

/** Docker's filters: for each key the values, of which one must match. Every key must match. */
export type FilterValues = ReadonlyMap<string, readonly string[]>;

/**
 * Parses the `filters` query parameter: `{"label":{"a=b":true}}`, or the older `{"label":["a=b"]}`.
 * @param accepted the keys that this list knows
 * @throws InvalidArgumentError for bad JSON and for a key that is not accepted
 */
export function parseFilters(query: URLSearchParams, accepted: readonly string[]): FilterValues {
  const text = query.get('filters');
  if (text === null || text === '') return new Map();
  const result = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(parseObject(text))) {
    const values = valuesOf(value);
    if (values === undefined) throw new InvalidArgumentError('invalid filter');
    if (!accepted.includes(key)) throw new InvalidArgumentError(`invalid filter '${key}'`);
    if (values.length > 0) result.set(key, values);
  }
  return result;
}

function parseObject(text: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new InvalidArgumentError('invalid filter', { cause });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new InvalidArgumentError('invalid filter');
  return parsed;
}

function valuesOf(value: unknown): string[] | undefined {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string') ? value : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).filter(([, wanted]) => wanted === true).map(([name]) => name);
}

/** True when the key is absent or one of its values satisfies `test`. */
export function matchesAny(filters: FilterValues, key: string, test: (value: string) => boolean): boolean {
  const values = filters.get(key);
  return values === undefined || values.some(test);
}

/** Label filters: *every* value (`name` or `name=value`) must hold. `label!` values must all fail. */
export function matchesLabels(filters: FilterValues, labels: Readonly<Record<string, string>>): boolean {
  const holds = (wanted: string): boolean => {
    const separator = wanted.indexOf('=');
    return separator === -1 ? Object.hasOwn(labels, wanted) : labels[wanted.slice(0, separator)] === wanted.slice(separator + 1);
  };
  return (filters.get('label') ?? []).every(holds) && !(filters.get('label!') ?? []).some(holds);
}

/**
 * Docker's `dangling` and the like: one of `1`, `true`, `0`, `false`.
 * @throws InvalidArgumentError
 */
export function filterBoolean(filters: FilterValues, key: string): boolean | undefined {
  const value = filters.get(key)?.[0];
  if (value === undefined) return undefined;
  if (value === '1' || value === 'true') return true;
  if (value === '0' || value === 'false') return false;
  throw new InvalidArgumentError(`invalid filter '${key}=${value}'`);
}
