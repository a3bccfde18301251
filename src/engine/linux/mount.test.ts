import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMountOptions } from './mount.ts';

test('splits flags, propagation and data', () => {
  assert.deepEqual(parseMountOptions(['ro', 'nosuid', 'lowerdir=/a:/b', 'index=off']), { flags: 3, propagation: 0, data: 'lowerdir=/a:/b,index=off' });
  assert.deepEqual(parseMountOptions(['rbind', 'rprivate']), { flags: 4096 | 16384, propagation: (1 << 18) | 16384, data: '' });
  assert.deepEqual(parseMountOptions(['ro', 'rw', 'defaults', '']), { flags: 0, propagation: 0, data: '' });
});
