import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeLogRecord, previousLogRecord } from './log-format.ts';

function record(stream: number, timeNs: bigint, data: string): Buffer {
  const length = data.length + 9;
  const buffer = Buffer.alloc(length + 8);
  buffer.writeUInt32BE(length, 0);
  buffer[4] = stream;
  buffer.writeBigUInt64BE(timeNs, 5);
  buffer.write(data, 13);
  buffer.writeUInt32BE(length, length + 4);
  return buffer;
}

const file = Buffer.concat([record(1, 5n, 'one'), record(2, 6n, ''), record(1, 7n, 'three\n')]);

test('records are read forwards', () => {
  const first = decodeLogRecord(file, 0);
  assert.deepEqual([first?.stream, first?.timeNs, first?.data.toString()], [1, 5n, 'one']);
  const second = decodeLogRecord(file, first?.end ?? 0);
  assert.deepEqual([second?.stream, second?.data.length], [2, 0]);
  assert.equal(decodeLogRecord(file, second?.end ?? 0)?.data.toString(), 'three\n');
});

test('records are found backwards', () => {
  const last = previousLogRecord(file, file.length);
  assert.equal(decodeLogRecord(file, last ?? 0)?.data.toString(), 'three\n');
  assert.equal(previousLogRecord(file, previousLogRecord(file, last ?? 0) ?? 0), 0);
  assert.equal(previousLogRecord(file, 0), undefined);
});

test('an incomplete record is waited for, a damaged one is told', () => {
  assert.equal(decodeLogRecord(file.subarray(0, 19), 0), undefined);
  assert.equal(decodeLogRecord(file, file.length), undefined);
  assert.throws(() => decodeLogRecord(Buffer.alloc(64, 0xff), 0), /damaged log record at byte 0/);
});
