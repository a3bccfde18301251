import { InvalidFlagValue } from '../grammar/flag.ts';

const POWERS: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** `512m`, `1.5g`, `1GiB`: bytes in powers of 1024. @throws InvalidFlagValue */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+) ?(.*)$/.exec(text.trim());
  if (match === null) throw new InvalidFlagValue(`invalid size: '${text}'`);
  const suffix = /^([kmgtp]?)i?b?$/i.exec(match[2] ?? '');
  if (suffix === null) throw new InvalidFlagValue(`invalid suffix: '${match[2] ?? ''}'`);
  return Math.trunc(Number(match[1]) * 1024 ** (POWERS[(suffix[1] ?? '').toLowerCase()] ?? 0));
}

/** As `parseBytes`; `-1` stands for no limit. */
export function parseSwap(text: string): number {
  return text === '-1' ? -1 : parseBytes(text);
}

/** `1.5` CPUs as billionths of one. @throws InvalidFlagValue */
export function parseCpus(text: string): number {
  if (!/^\d+(?:\.\d+)?$|^\.\d+$/.test(text)) throw new InvalidFlagValue(`failed to parse ${text} as a rational number`);
  const nano = Number(text) * 1e9;
  if (!Number.isInteger(Number(nano.toFixed(3)))) throw new InvalidFlagValue('value is too precise');
  return Math.round(nano);
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, 'µs': 1e3, 'μs': 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Go's durations (`1m30s`, `500ms`) as nanoseconds. @throws InvalidFlagValue */
export function parseDuration(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0;
  const parts = [...body.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy)];
  if (body === '' || parts.reduce((length, part) => length + part[0].length, 0) !== body.length) throw new InvalidFlagValue(`time: invalid duration ${JSON.stringify(text)}`);
  return sign * Math.round(parts.reduce((sum, part) => sum + Number(part[1]) * (UNITS[part[2] ?? ''] ?? 0), 0));
}

/** `nofile=1024:2048`, `core=-1`. @throws InvalidFlagValue */
export function parseUlimit(text: string): { Name: string; Soft: number; Hard: number } {
  const match = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (match === null) throw new InvalidFlagValue(`invalid ulimit argument: ${text}`);
  const soft = Number(match[2]);
  const hard = match[3] === undefined ? soft : Number(match[3]);
  if (hard !== -1 && (soft === -1 || soft > hard)) throw new InvalidFlagValue(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  return { Name: match[1] ?? '', Soft: soft, Hard: hard };
}

/** `stdin`, `stdout`, `stderr`, in any case. @throws InvalidFlagValue */
export function parseStream(text: string): 'stdin' | 'stdout' | 'stderr' {
  const stream = text.toLowerCase();
  if (stream === 'stdin' || stream === 'stdout' || stream === 'stderr') return stream;
  throw new InvalidFlagValue('valid streams are STDIN, STDOUT and STDERR');
}

/** `host:ip`, or `host=ip`, as the engine wants it. @throws InvalidFlagValue */
export function parseExtraHost(text: string): string {
  const match = /^([^:=]+)[:=](.+)$/.exec(text);
  if (match === null) throw new InvalidFlagValue(`bad format for add-host: ${JSON.stringify(text)}`);
  const address = (match[2] ?? '').replace(/^\[(.*)\]$/, '$1');
  if (address !== 'host-gateway' && !/^[\d.]+$|:/.test(address)) throw new InvalidFlagValue(`invalid IP address in add-host: ${JSON.stringify(address)}`);
  return `${match[1] ?? ''}:${address}`;
}
