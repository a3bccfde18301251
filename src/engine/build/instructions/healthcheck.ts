import { InvalidArgumentError } from '../../../api/errors.ts';
import type { HealthConfig } from '../../../api/wire/container.ts';
import { quote } from '../dockerfile/go-text.ts';
import type { DockerfileNode } from '../dockerfile/dockerfile-node.ts';
import { readFlags } from './flags.ts';

const LEAST_NS = 1_000_000;
const UNIT_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Source: Dockerfile reference, "HEALTHCHECK". @throws InvalidArgumentError in BuildKit's words */
export function parseHealthcheck({ flags: written, words, isJson }: Pick<DockerfileNode, 'flags' | 'words' | 'isJson'>): HealthConfig {
  const [kind = '', ...command] = words;
  if (kind === '') throw new InvalidArgumentError('HEALTHCHECK requires at least one argument');
  if (kind.toUpperCase() === 'NONE') {
    if (command.length > 0) throw new InvalidArgumentError('HEALTHCHECK NONE takes no arguments');
    return { Test: ['NONE'] };
  }
  const flags = readFlags(written, { interval: 'text', timeout: 'text', 'start-period': 'text', 'start-interval': 'text', retries: 'text' });
  if (kind.toUpperCase() !== 'CMD') throw new InvalidArgumentError(`Unknown type ${quote(kind.toUpperCase())} in HEALTHCHECK (try CMD)`);
  if (command.length === 0) throw new InvalidArgumentError('Missing command after HEALTHCHECK CMD');
  const health: HealthConfig = { Test: [isJson ? 'CMD' : 'CMD-SHELL', ...command] };
  const durations = [['interval', 'Interval'], ['timeout', 'Timeout'], ['start-period', 'StartPeriod'], ['start-interval', 'StartInterval']] as const;
  for (const [flag, field] of durations) {
    const duration = interval(flag, flags.text(flag));
    if (duration !== 0) health[field] = duration;
  }
  const count = retries(flags.text('retries'));
  return count === 0 ? health : { ...health, Retries: count };
}

function retries(text: string): number {
  if (text === '') return 0;
  if (!/^[+-]?\d{1,9}$/.test(text)) throw new InvalidArgumentError(`strconv.ParseInt: parsing ${quote(text)}: invalid syntax`);
  if (Number(text) < 0) throw new InvalidArgumentError(`--retries cannot be negative (${Number(text)})`);
  return Number(text);
}

const DURATION = /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;

/** Go's durations, in nanoseconds: `1m30s`, `1.5h`; 0 for none. */
function interval(name: string, text: string): number {
  if (text === '') return 0;
  if (text.length > 100 || !DURATION.test(text)) throw new InvalidArgumentError(`time: invalid duration ${quote(text)}`);
  const sum = [...text.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)].reduce((total, [, count, unit]) => total + Number(count) * (UNIT_NS[unit ?? ''] ?? 0), 0);
  const nanoseconds = Math.round(text.startsWith('-') ? -sum : sum);
  if (!Number.isSafeInteger(nanoseconds)) throw new InvalidArgumentError(`time: invalid duration ${quote(text)}`);
  if (nanoseconds !== 0 && nanoseconds < LEAST_NS) throw new InvalidArgumentError(`Interval ${quote(name)} cannot be less than 1ms`);
  return nanoseconds;
}
