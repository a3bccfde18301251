import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEPT_LINES, LogBuffer } from './log-buffer.ts';

test('old lines go in blocks, and are counted', () => {
  const buffer = new LogBuffer();
  for (let line = 0; line <= KEPT_LINES; line += 1) buffer.append(1, '', String(line));
  assert.equal(buffer.dropped, 20_000);
  assert.equal(buffer.length, KEPT_LINES + 1 - 20_000);
  assert.equal(buffer.slice(0, 1)[0]?.text, '20000');
  assert.equal(buffer.last?.text, String(KEPT_LINES));
});

test('a colour that is not ended colours the next line of its stream only', () => {
  const buffer = new LogBuffer();
  buffer.append(1, '', '\u001b[31mred');
  buffer.append(2, '', 'plain');
  buffer.append(1, '', 'red too');
  assert.deepEqual(buffer.slice(0, 3).map(({ from }) => from), [{}, {}, { foreground: 1 }]);
});
