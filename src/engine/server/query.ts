import { InvalidArgumentError } from '../../api/errors.ts';

/** Docker's reading of booleans in a query: absent, empty, `0`, `no`, `false` and `none` are false; anything else is true. */
export function queryBoolean(query: URLSearchParams, name: string, fallback = false): boolean {
  const value = query.get(name);
  if (value === null) return fallback;
  return !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase());
}

/** @throws InvalidArgumentError when the value is no whole number */
export function queryInteger(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!/^-?\d{1,15}$/.test(value)) throw new InvalidArgumentError(`invalid value for ${name}: ${JSON.stringify(value)} is not a whole number`);
  return Number(value);
}

/**
 * A moment as docker's API spells it: `seconds[.nanoseconds]` since the epoch. Empty and `0` are no moment.
 * @returns nanoseconds since the epoch
 * @throws InvalidArgumentError
 */
export function queryTime(query: URLSearchParams, name: string): bigint | undefined {
  const value = query.get(name);
  if (value === null || value === '' || value === '0') return undefined;
  const match = /^(-?\d{1,12})(?:\.(\d{1,9}))?\d*$/.exec(value);
  if (match?.[1] !== undefined) return BigInt(match[1]) * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
  const parsed = Date.parse(value);
  if (Number.isNaN(parsed)) throw new InvalidArgumentError(`invalid value for ${name}: ${JSON.stringify(value)} is not a time`);
  return BigInt(parsed) * 1_000_000n;
}
