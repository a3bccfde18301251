import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOut, partitionTable } from './partitions.ts';

test('partitions follow each other, aligned, in whole sectors', () => {
  assert.deepEqual(layOut([100_000, 1]), [{ start: 65_536, bytes: 100_352 }, { start: 196_608, bytes: 512 }]);
});

test('the table has one entry for each partition and the boot signature', () => {
  const table = partitionTable(layOut([100_000, 1]));
  assert.equal(table.length, 65_536);
  assert.equal(table.readUInt16BE(510), 0x55aa);
  assert.deepEqual([table[450], table.readUInt32LE(454), table.readUInt32LE(458)], [0x83, 128, 196]);
  assert.deepEqual([table[466], table.readUInt32LE(470), table.readUInt32LE(474)], [0x83, 384, 1]);
  assert.equal(table[482], 0);
});
