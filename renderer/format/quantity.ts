const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Decimal units and three figures, as docker shows sizes: `4.26 MB`. */
export function formatBytes(bytes: number, locale: string): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return new Intl.NumberFormat(locale, { style: 'unit', unit: UNITS[power] ?? 'byte', unitDisplay: 'short', maximumSignificantDigits: 3 }).format(bytes / 1000 ** power);
}

const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Binary units, as memory and disks of machines are given: `2 GiB`. */
export function formatBinary(bytes: number, locale: string): string {
  const power = bytes < 1024 ? 0 : Math.min(BINARY_UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 }).format(bytes / 1024 ** power)} ${BINARY_UNITS[power] ?? 'B'}`;
}

const STEPS = [['year', 31_536_000], ['month', 2_592_000], ['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]] as const;

/** `3 minutes ago`, to the largest unit. @param seconds before now */
export function formatAge(seconds: number, locale: string): string {
  const [unit, size] = STEPS.find(([, length]) => seconds >= length) ?? ['second', 1];
  return new Intl.RelativeTimeFormat(locale, { numeric: 'always', style: 'long' }).format(-Math.max(0, Math.floor(seconds / size)), unit);
}

/** `840ms`, `4.2s`, `2m 5s`. */
export function formatDuration(ms: number, locale: string): string {
  const number = (value: number, unit: string, digits: number): string =>
    new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'narrow', minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  if (ms < 1000) return number(Math.round(ms), 'millisecond', 0);
  if (ms < 60_000) return number(ms / 1000, 'second', 1);
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${number(minutes, 'minute', 0)} ${number(Math.floor((ms % 60_000) / 1000), 'second', 0)}`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${number(hours, 'hour', 0)} ${number(minutes % 60, 'minute', 0)}` : number(Math.floor(hours / 24), 'day', 0);
}
