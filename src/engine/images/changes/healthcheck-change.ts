import { InvalidArgumentError } from '../../../api/errors.ts';
import type { HealthConfig } from '../../../api/wire/container.ts';
import { type ChangeLine, execForm } from './change-line.ts';

const DURATIONS = { interval: 'Interval', timeout: 'Timeout', 'start-period': 'StartPeriod', 'start-interval': 'StartInterval' } as const;
const LEAST_NS = 1_000_000;

/** Source: Dockerfile reference, "HEALTHCHECK". @throws InvalidArgumentError in docker's words */
export function parseHealthcheck({ flags, rest }: ChangeLine): HealthConfig {
  const [, kind = '', command = ''] = /^(\S*)\s*(.*)$/s.exec(rest) ?? [];
  if (kind === '') throw new InvalidArgumentError('HEALTHCHECK requires at least one argument');
  const settings = parseFlags(flags);
  switch (kind.toUpperCase()) {
    case 'NONE':
      if (command !== '') throw new InvalidArgumentError('HEALTHCHECK NONE takes no arguments');
      return { Test: ['NONE'] };
    case 'CMD': {
      const words = execForm(command);
      if (command === '' || words?.length === 0) throw new InvalidArgumentError('Missing command after HEALTHCHECK CMD');
      return { Test: words ? ['CMD', ...words] : ['CMD-SHELL', command], ...settings };
    }
    default: throw new InvalidArgumentError(`Unknown type ${JSON.stringify(kind.toUpperCase())} in HEALTHCHECK (try CMD)`);
  }
}

function parseFlags(flags: readonly string[]): HealthConfig {
  const health: HealthConfig = {};
  const seen = new Set<string>();
  for (const flag of flags) {
    const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(flag) ?? [];
    const field = name === 'retries' ? 'Retries' : Object.entries(DURATIONS).find(([key]) => key === name)?.[1];
    if (!field) throw new InvalidArgumentError(`Unknown flag: ${name}`);
    if (seen.has(name)) throw new InvalidArgumentError(`Duplicate flag specified: ${name}`);
    seen.add(name);
    if (value === undefined) throw new InvalidArgumentError(`Missing a value on flag: ${name}`);
    if (value === '') continue;
    health[field] = field === 'Retries' ? parseRetries(value) : parseInterval(name, value);
  }
  return health;
}

function parseRetries(value: string): number {
  if (!/^[+-]?\d{1,9}$/.test(value)) throw new InvalidArgumentError(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  if (Number(value) < 1) throw new InvalidArgumentError(`--retries must be at least 1 (not ${Number(value)})`);
  return Number(value);
}

const UNIT_NS: Readonly<Record<string, number>> = { ns: 1, us: 1000, µs: 1000, ms: 1_000_000, s: 1_000_000_000, m: 60_000_000_000, h: 3_600_000_000_000 };

/** Go's durations, in nanoseconds: `1m30s`, `1.5h`. */
function parseInterval(name: string, text: string): number {
  if (!/^[+-]?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*)$/.test(text)) throw new InvalidArgumentError(`time: invalid duration ${JSON.stringify(text)}`);
  const sum = [...text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)].reduce((total, [, count, unit]) => total + Number(count) * (UNIT_NS[unit ?? ''] ?? 0), 0);
  const nanoseconds = Math.round(text.startsWith('-') ? -sum : sum);
  if (!Number.isSafeInteger(nanoseconds)) throw new InvalidArgumentError(`time: invalid duration ${JSON.stringify(text)}`);
  if (nanoseconds < LEAST_NS) throw new InvalidArgumentError(`Interval ${JSON.stringify(name)} cannot be less than 1ms`);
  return nanoseconds;
}
