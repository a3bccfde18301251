import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lz4Legacy } from './lz4.ts';

function frame(...blocks: number[][]): Buffer {
  return Buffer.concat([Buffer.from([0x02, 0x21, 0x4c, 0x18]), ...blocks.map((block) => { const size = Buffer.alloc(4); size.writeUInt32LE(block.length); return Buffer.concat([size, Buffer.from(block)]); })]);
}

test('literals, a match, an overlapping match and several blocks', () => {
  // "abcd" + 4 bytes from 4 back, then "x" repeated by a match at distance 1 (length 4 + 15 + 1), then the last literals.
  const block = [0x40, 0x61, 0x62, 0x63, 0x64, 4, 0, 0x1f, 0x78, 1, 0, 1, 0x20, 0x79, 0x7a];
  assert.equal(lz4Legacy(frame(block, [0x10, 0x21])).toString(), `abcdabcd${'x'.repeat(21)}yz!`);
});

test('what follows the blocks is ignored, damage is refused', () => {
  assert.equal(lz4Legacy(Buffer.concat([frame([0x10, 0x21]), Buffer.from([1, 2])])).toString(), '!');
  assert.throws(() => lz4Legacy(frame([0x10, 0x21, 9, 0])), /damaged/);
  assert.throws(() => lz4Legacy(Buffer.from('none')), /not an lz4/);
});
