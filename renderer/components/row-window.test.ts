import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowWindow } from './row-window.ts';

test('what is drawn and what is not make up the whole', () => {
  for (const [total, top] of [[0, 0], [5, 0], [100_000, 0], [100_000, 1_234_567], [100_000, 3_800_000], [10, 99_999]] as const) {
    const { start, end, before, after } = rowWindow(total, 38, top, 700);
    assert.equal(before + (end - start) * 38 + after, total * 38);
    assert.ok(start >= 0 && end <= total && end - start <= 45);
  }
});

test('the rows in sight are drawn', () => {
  const { start, end } = rowWindow(1000, 20, 5000, 400, 0);
  assert.deepEqual([start, end], [250, 270]);
});
