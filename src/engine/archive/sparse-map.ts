import { InvalidArgumentError } from '../../api/errors.ts';
import type { PaxRecords } from './pax.ts';
import type { SparsePart } from './tar-entry.ts';
import { number } from './tar-header.ts';

const PARTS_LIMIT = 1_000_000;

/** The map of pax versions 0.0 and 0.1: `offset,size,offset,size…`. Source: GNU tar manual, "Storing Sparse Files". */
export function paxSparseMap(records: PaxRecords): SparsePart[] | undefined {
  const map = records.get('GNU.sparse.map');
  if (map === undefined) return undefined;
  return pairs(map === '' ? [] : map.split(','));
}

/** The parts that one header or extension block of the old GNU format carries, up to the first empty one. */
export function gnuSparseParts(block: Buffer, start: number, count: number): SparsePart[] {
  const parts: SparsePart[] = [];
  for (let index = 0; index < count; index += 1) {
    const at = start + index * 24;
    if (block[at] === 0) break;
    parts.push({ offset: number(block, at, 12, 'sparse map'), size: number(block, at + 12, 12, 'sparse map') });
  }
  return parts;
}

/**
 * The map of pax version 1.0, which stands before the data: decimal numbers, one a line, the first their count.
 * @returns undefined while more blocks are needed
 */
export function leadingSparseMap(data: Buffer): SparsePart[] | undefined {
  const lines = data.toString('latin1').split('\n');
  const count = Number(lines[0]);
  if (lines.length < 2) return undefined;
  if (!/^\d{1,7}$/.test(lines[0] ?? '') || count > PARTS_LIMIT) throw new InvalidArgumentError('invalid tar header: the sparse map has no count');
  if (lines.length < 2 + count * 2) return undefined;
  return pairs(lines.slice(1, 1 + count * 2));
}

function pairs(values: readonly string[]): SparsePart[] {
  if (values.length % 2 !== 0 || values.length > PARTS_LIMIT * 2) throw new InvalidArgumentError('invalid tar header: the sparse map is incomplete');
  const parts: SparsePart[] = [];
  for (let index = 0; index < values.length; index += 2) parts.push({ offset: whole(values[index]), size: whole(values[index + 1]) });
  return parts;
}

function whole(value: string | undefined): number {
  if (value === undefined || !/^\d{1,16}$/.test(value) || !Number.isSafeInteger(Number(value))) throw new InvalidArgumentError('invalid tar header: the sparse map holds no number');
  return Number(value);
}

/** @throws InvalidArgumentError unless the parts ascend, lie inside the file, and are as long together as the archive's data */
export function checkSparseMap(parts: readonly SparsePart[], realSize: number, storedBytes: number): void {
  let end = 0;
  let stored = 0;
  for (const part of parts) {
    if (part.offset < end || part.offset + part.size > realSize) throw new InvalidArgumentError('invalid tar header: the sparse map does not fit its file');
    end = part.offset + part.size;
    stored += part.size;
  }
  if (stored !== storedBytes) throw new InvalidArgumentError('invalid tar header: the sparse map does not fit its data');
}
