import assert from 'node:assert/strict';
import { test } from 'node:test';
import { neededLibraries, packSegments, segments } from './elf.ts';

/** An ELF64 file with two loaded segments far apart and a note inside the first. */
function kernel(): Buffer {
  const file = Buffer.alloc(0x3000);
  file.writeUInt32BE(0x7f454c46, 0);
  file.writeUInt8(2, 4);
  file.writeUInt8(1, 5);
  file.writeBigUInt64LE(64n, 32);
  file.writeBigUInt64LE(0x2f00n, 40);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(3, 56);
  const header = (index: number, type: number, offset: number, fileBytes: number, memoryBytes: number): void => {
    const at = 64 + index * 56;
    file.writeUInt32LE(type, at);
    file.writeBigUInt64LE(BigInt(offset), at + 8);
    file.writeBigUInt64LE(BigInt(fileBytes), at + 32);
    file.writeBigUInt64LE(BigInt(memoryBytes), at + 40);
  };
  header(0, 1, 0x1000, 0x100, 0x100);
  header(1, 1, 0x2000, 0x200, 0x800);
  header(2, 4, 0x1010, 4, 4);
  file.fill('A', 0x1000, 0x1100);
  file.write('note', 0x1010);
  file.write('data', 0x2000);
  return file;
}

test('segments are packed, zeros at their ends dropped, the note still found', () => {
  const packed = packSegments('vmlinux', kernel());
  const [text, data, note] = segments('vmlinux', packed);
  assert.equal(packed.length, 64 + 3 * 56 + 0x100 + 4);
  assert.deepEqual([text?.fileBytes, data?.fileBytes, data?.memoryBytes], [0x100, 4, 0x800]);
  assert.equal(packed.toString('latin1', note?.offset, (note?.offset ?? 0) + 4), 'note');
  assert.equal(packed.toString('latin1', data?.offset, (data?.offset ?? 0) + 4), 'data');
});

test('what is no ELF64 file is refused by name', () => {
  assert.throws(() => segments('x.ko', Buffer.from('no')), /x\.ko: not a little-endian ELF64 file/);
  assert.throws(() => neededLibraries('x', Buffer.alloc(100)), /not a little-endian/);
});
