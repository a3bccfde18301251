import { InvalidArgumentError } from '../../api/errors.ts';

export const BLOCK_BYTES = 512;

/** The fields of one 512-byte header block as they are written there. Source: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Standard". */
export interface RawHeader {
  name: string;
  linkName: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  type: string;
  format: 'v7' | 'ustar' | 'gnu' | 'star';
  deviceMajor: number;
  deviceMinor: number;
}

/** @throws InvalidArgumentError for anything that is no header: a wrong checksum, a number that is none, a negative size */
export function parseHeader(block: Buffer): RawHeader {
  if (!checksumMatches(block)) throw new InvalidArgumentError('invalid tar header: wrong checksum');
  const format = formatOf(block);
  const name = text(block, 0, 100);
  const prefix = format === 'ustar' ? text(block, 345, 155) : format === 'star' ? text(block, 345, 131) : '';
  const hasDevice = format !== 'v7';
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: text(block, 157, 100),
    mode: number(block, 100, 8, 'mode') & 0o7777,
    uid: number(block, 108, 8, 'uid'),
    gid: number(block, 116, 8, 'gid'),
    size: number(block, 124, 12, 'size'),
    mtime: number(block, 136, 12, 'mtime', true),
    type: String.fromCharCode(block[156] ?? 0),
    format,
    deviceMajor: hasDevice ? number(block, 329, 8, 'device') : 0,
    deviceMinor: hasDevice ? number(block, 337, 8, 'device') : 0,
  };
}

export function isZeroBlock(block: Buffer): boolean {
  for (let index = 0; index < BLOCK_BYTES; index += 8) {
    if (block.readUInt32LE(index) !== 0 || block.readUInt32LE(index + 4) !== 0) return false;
  }
  return true;
}

function formatOf(block: Buffer): RawHeader['format'] {
  const magic = block.toString('latin1', 257, 265);
  if (magic === 'ustar  \0') return 'gnu';
  if (!magic.startsWith('ustar')) return 'v7';
  return block.toString('latin1', 508, 512) === 'tar\0' ? 'star' : 'ustar';
}

/** Old writers summed signed bytes. */
function checksumMatches(block: Buffer): boolean {
  let unsigned = 0;
  let signed = 0;
  for (let index = 0; index < BLOCK_BYTES; index += 1) {
    const byte = index >= 148 && index < 156 ? 0x20 : (block[index] ?? 0);
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const written = number(block, 148, 8, 'checksum');
  return written === unsigned || written === signed;
}

function text(block: Buffer, start: number, length: number): string {
  const end = block.indexOf(0, start);
  return block.toString('latin1', start, end === -1 || end > start + length ? start + length : end);
}

/** Octal digits, or base 256 with the top bit set (GNU). */
export function number(block: Buffer, start: number, length: number, what: string, mayBeNegative = false): number {
  const first = block[start] ?? 0;
  const value = (first & 0x80) === 0 ? octal(block, start, length, what) : base256(block, start, length);
  if (!Number.isSafeInteger(value) || (value < 0 && !mayBeNegative)) throw new InvalidArgumentError(`invalid tar header: the ${what} is out of range`);
  return value;
}

function octal(block: Buffer, start: number, length: number, what: string): number {
  const digits = block.toString('latin1', start, start + length).replace(/^[ \0]+|[ \0].*$/gs, '');
  if (digits === '') return 0;
  if (!/^[0-7]+$/.test(digits)) throw new InvalidArgumentError(`invalid tar header: the ${what} is no octal number`);
  return Number.parseInt(digits, 8);
}

function base256(block: Buffer, start: number, length: number): number {
  const negative = ((block[start] ?? 0) & 0x40) !== 0;
  let value = BigInt((block[start] ?? 0) & 0x7f);
  for (let index = start + 1; index < start + length; index += 1) value = (value << 8n) | BigInt(block[index] ?? 0);
  return Number(negative ? value - (1n << BigInt(8 * length - 1)) : value);
}
