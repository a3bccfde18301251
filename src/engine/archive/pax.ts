import { InvalidArgumentError } from '../../api/errors.ts';

/** Keyword to value, as byte strings. Source: POSIX.1-2017 pax, "pax Extended Header". */
export type PaxRecords = Map<string, string>;

const XATTR_PREFIXES = ['SCHILY.xattr.', 'LIBARCHIVE.xattr.'] as const;

/**
 * Reads `<length> <keyword>=<value>\n` records. GNU's sparse maps of version 0.0 repeat two keywords; their values are joined by commas
 * under `GNU.sparse.map`, which is how version 0.1 writes them.
 * @throws InvalidArgumentError
 */
export function parsePax(data: Buffer): PaxRecords {
  const records: PaxRecords = new Map();
  const map: string[] = [];
  for (let start = 0; start < data.length;) {
    const space = data.indexOf(0x20, start);
    const digits = space === -1 ? '' : data.toString('latin1', start, space);
    const end = start + Number(digits);
    if (!/^[1-9]\d{0,8}$/.test(digits) || end > data.length || end <= space + 1 || data[end - 1] !== 0x0a) throw new InvalidArgumentError('invalid pax header: a record has a wrong length');
    const equals = data.indexOf(0x3d, space);
    if (equals === -1 || equals >= end || equals === space + 1) throw new InvalidArgumentError('invalid pax header: a record has no keyword');
    const keyword = data.toString('latin1', space + 1, equals);
    const value = data.toString('latin1', equals + 1, end - 1);
    if (keyword === 'GNU.sparse.offset' || keyword === 'GNU.sparse.numbytes') map.push(value);
    else if (!isXattr(keyword) && value.includes('\0')) throw new InvalidArgumentError(`invalid pax header: ${keyword} holds a NUL`);
    else records.set(keyword, value);
    start = end;
  }
  if (map.length > 0) records.set('GNU.sparse.map', map.join(','));
  return records;
}

const isXattr = (keyword: string): boolean => keyword.startsWith('SCHILY.xattr.');

/** A decimal number of a record. @throws InvalidArgumentError */
export function paxNumber(records: PaxRecords, keyword: string): number | undefined {
  const value = records.get(keyword);
  if (value === undefined || value === '') return undefined;
  const parsed = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(parsed)) throw new InvalidArgumentError(`invalid pax header: ${keyword} is out of range`);
  return parsed;
}

/** A moment, exact to the nanosecond: digits beyond are cut off. @throws InvalidArgumentError */
export function paxTime(records: PaxRecords, keyword: string): { seconds: number; nanoseconds: number } | undefined {
  const value = records.get(keyword);
  if (value === undefined || value === '') return undefined;
  const parts = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(value);
  if (!parts) throw new InvalidArgumentError(`invalid pax header: ${keyword} is out of range`);
  const [, sign, whole, fraction = ''] = parts;
  const seconds = Number(whole);
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, '0'));
  if (sign !== '-') return { seconds, nanoseconds };
  return nanoseconds === 0 ? { seconds: 0 - seconds, nanoseconds } : { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

/** Extended attributes by the kernel's names. Source: star(4), "SCHILY.xattr"; libarchive's own form is base64 and comes second. */
export function paxXattrs(records: PaxRecords): Map<string, Buffer> {
  const result = new Map<string, Buffer>();
  const [plain, base64] = XATTR_PREFIXES;
  for (const [keyword, value] of records) {
    if (keyword.startsWith(plain)) result.set(keyword.slice(plain.length), Buffer.from(value, 'latin1'));
    else if (keyword.startsWith(base64) && !records.has(plain + keyword.slice(base64.length))) result.set(keyword.slice(base64.length), Buffer.from(value, 'base64'));
  }
  return result;
}
