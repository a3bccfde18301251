let lastSecond = '';
let lastSecondNs = 0n;

/** RFC 3339 in UTC, with up to nine decimals, as nanoseconds since the epoch; 0 for what is no moment. */
export function parseLogTime(text: string): bigint {
  const second = text.slice(0, 19);
  if (second !== lastSecond) {
    const ms = Date.parse(`${second}Z`);
    if (Number.isNaN(ms)) return 0n;
    lastSecondNs = BigInt(ms) * 1_000_000n;
    lastSecond = second;
  }
  if (text[19] !== '.') return lastSecondNs;
  const fraction = Number(text.slice(20, -1).padEnd(9, '0').slice(0, 9));
  return Number.isNaN(fraction) ? lastSecondNs : lastSecondNs + BigInt(fraction);
}

/** RFC 3339 with nine decimals. */
export function formatLogTime(timeNs: bigint): string {
  const seconds = new Date(Number(timeNs / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}Z`;
}
