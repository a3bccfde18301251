import type { Filters } from '../../api/client/containers.ts';
import { InvalidFlagValue, parsedList, type Flag } from '../grammar/flag.ts';

/** `--filter status=exited --filter label=a=b` */
export function filterFlag(): Flag<readonly (readonly [string, string])[]> {
  return parsedList('Show only what matches, e.g. name=web or label=tier=web', 'filter', parseFilter, { short: 'f' });
}

/** The filters of the API. */
export function toFilters(pairs: readonly (readonly [string, string])[]): Filters {
  const filters: Record<string, string[]> = {};
  for (const [name, value] of pairs) (filters[name] ??= []).push(value);
  return filters;
}

function parseFilter(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals < 0) throw new InvalidFlagValue('bad format of filter (expected name=value)');
  return [text.slice(0, equals).trim().toLowerCase(), text.slice(equals + 1).trim()];
}
