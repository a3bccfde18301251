import { InvalidArgumentError } from '../../api/errors.ts';

/** Values of options as Go's standard library and docker/go-units read them, with their words for what is wrong. Pure. */
const POWERS: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** @param base 1000 (units.FromHumanSize) or 1024 (units.RAMInBytes) */
export function parseSize(text: string, base: 1000 | 1024): number {
  const match = /^(\d+(?:\.\d+)*) ?([kmgtp])?i?b?$/i.exec(text);
  const amount = Number(match?.[1]);
  if (!match || Number.isNaN(amount)) throw new InvalidArgumentError(`invalid size: '${text}'`);
  return Math.trunc(amount * base ** (POWERS[(match[2] ?? '').toLowerCase()] ?? 0));
}

export function parseInteger(text: string): number {
  if (!/^[+-]?\d{1,15}$/.test(text)) throw new InvalidArgumentError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

export function parseBool(text: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  throw new InvalidArgumentError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}
