/**
 * How Go sees the values that templates work on. JSON has no types of its own, so: an array is a slice, a plain object a map with
 * sorted keys, `undefined` a missing value, `null` nil. `GoNil` keeps what kind of nil docker's types would have had.
 */
export class GoNil {
  readonly text: '<nil>' | '[]' | 'map[]';
  constructor(text: '<nil>' | '[]' | 'map[]') {
    this.text = text;
  }

  toJSON(): null {
    return null;
  }
}

export type GoMap = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is GoMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof GoNil);
}

/** Go's truth: false, 0, nil, empty strings, slices and maps are not. */
export function isTrue(value: unknown): boolean {
  if (value === undefined || value === null || value instanceof GoNil) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

export function sortedKeys(map: GoMap): string[] {
  return Object.keys(map).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Go's `%v`: `[a b]`, `map[a:1 b:2]`, `<no value>` for what is missing at the top. */
export function goString(value: unknown, top = true): string {
  if (value === undefined || value === null) return top ? '<no value>' : '<nil>';
  if (value instanceof GoNil) return value.text;
  if (Array.isArray(value)) return `[${value.map((item) => goString(item, false)).join(' ')}]`;
  if (isMap(value)) return `map[${sortedKeys(value).map((key) => `${key}:${goString(value[key], false)}`).join(' ')}]`;
  if (typeof value === 'number') return goNumber(value);
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return '<func>';
}

/** Go's `%v` of an integer or a float64. */
export function goNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const [mantissa = '', exponent] = String(value).split('e');
  if (exponent === undefined) return mantissa;
  return `${mantissa}e${exponent.startsWith('-') ? '-' : '+'}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
}
