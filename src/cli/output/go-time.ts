/** A moment as Go's `time.Time.String` prints it: `2026-11-24 04:14:30 +0000 UTC`. */
export function goTimeString(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${localStamp(date).replace('T', ' ')} ${offset(date, '')} ${zoneName(date)}`;
}

/** RFC 3339 in local time without a fraction: `2026-11-24T04:14:30+01:00`, `…Z` at no offset. */
export function rfc3339(date: Date): string {
  const zone = offset(date, ':');
  return `${localStamp(date)}${zone === '+00:00' ? 'Z' : zone}`;
}

/** As `rfc3339`, with nine digits of the second, as docker prints events. */
export function rfc3339Nano(seconds: bigint, nanoseconds: bigint): string {
  const date = new Date(Number(seconds) * 1000);
  const zone = offset(date, ':');
  return `${localStamp(date)}.${String(nanoseconds).padStart(9, '0')}${zone === '+00:00' ? 'Z' : zone}`;
}

/** `Fri May 30 12:07:14 2025`, from an RFC 3339 text; what is none stays as it is. */
export function ansiC(text: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  const [weekday = '', month = '', day = '', year = '', time = ''] = date.toUTCString().replace(',', '').split(' ').map((_, index, all) => all[[0, 2, 1, 3, 4][index] ?? 0] ?? '');
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
}

function localStamp(date: Date): string {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function offset(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset();
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(minutes) / 60))}${separator}${two(Math.abs(minutes) % 60)}`;
}

/** The zone's abbreviation; its offset where the system knows none. */
function zoneName(date: Date): string {
  if (date.getTimezoneOffset() === 0) return 'UTC';
  const locale = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts(date).find((part) => part.type === 'timeZoneName')?.value;
  const american = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date).find((part) => part.type === 'timeZoneName')?.value;
  return [locale, american].find((name) => name !== undefined && /^[A-Z]{2,5}$/.test(name)) ?? offset(date, '');
}
