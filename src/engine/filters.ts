import { InvalidArgumentError } from '../api/errors.ts';

/** Docker's filters: for each key the values, of which one must match. Every key must match. */
export type FilterValues = ReadonlyMap<string, readonly string[]>;

/**
 * Parses the `filters` query parameter: `{"label":{"a=b":true}}`, or the older `{"label":["a=b"]}`; the whole is of one kind.
 * @param accepted the keys that this list knows
 * @throws InvalidArgumentError for bad JSON and for a key that is not accepted
 */
export function parseFilters(query: URLSearchParams, accepted: readonly string[]): FilterValues {
  const text = query.get('filters');
  if (text === null || text === '') return new Map();
  const entries = Object.entries(parseObject(text)).filter(([, value]) => value !== null);
  const older = entries.some(([, value]) => Array.isArray(value));
  const result = new Map<string, readonly string[]>();
  for (const [key, value] of entries) {
    const values = older ? listed(value) : named(value);
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
  if (parsed === null) return {};
  if (typeof parsed !== 'object' || Array.isArray(parsed)) throw new InvalidArgumentError('invalid filter');
  return parsed;
}

function listed(value: unknown): string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw new InvalidArgumentError('invalid filter');
  return value;
}

/** Values are the names; as in dockerd, what is said of them, true or false, makes no difference. */
function named(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || !Object.values(value).every((said) => typeof said === 'boolean')) throw new InvalidArgumentError('invalid filter');
  return Object.keys(value);
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
  const values = filters.get(key);
  if (values === undefined) return undefined;
  const value = new Set(values).size === 1 ? values[0] : values.join(',');
  if (value === '1' || value === 'true') return true;
  if (value === '0' || value === 'false') return false;
  throw new InvalidArgumentError(`invalid filter '${key}=${String(value)}'`);
}
