import { ExitError } from '../exit.ts';
import { parseDuration } from '../create/values.ts';

/**
 * `--since`, `--until`: seconds since the epoch, a date with or without time and zone, or how long ago (`10m`); as seconds with
 * nine digits, which is how the API takes it. Local time where no zone is given.
 * @throws ExitError
 */
export function parseTimestamp(text: string, now: number = Date.now()): string {
  if (/^\d+(?:\.\d{1,9})?$/.test(text)) return text;
  const date = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d(?::\d\d(?::\d\d(?:\.(\d{1,9}))?)?)?))?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (date !== null) {
    const [, day = '', time = '00', fraction = '', zone = ''] = date;
    const clock = `${time.replace(/\.\d+$/, '')}:00:00`.split(':').slice(0, 3).join(':');
    const millis = new Date(`${day}T${clock}${zone}`).getTime();
    if (!Number.isNaN(millis)) return `${Math.trunc(millis / 1000)}.${fraction.padEnd(9, '0')}`;
  }
  let ago: number;
  try {
    ago = parseDuration(text) / 1e6;
  } catch {
    throw new ExitError(1, `failed to parse value as time or duration: ${JSON.stringify(text)}`);
  }
  return ((now - ago) / 1000).toFixed(9);
}
