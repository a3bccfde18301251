import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { parseGuestReport, printable } from './guest-report.ts';
import { LineSplitter } from './line-splitter.ts';

test('phases and events are understood', () => {
  assert.deepEqual(parseGuestReport('{"phase":"ssh","state":"end","uptimeMs":1234.4}'), { kind: 'phase', phase: 'ssh', state: 'end', uptimeMs: 1234 });
  assert.deepEqual(parseGuestReport('{"phase":"data-disk","state":"failed","message":"bad superblock"}'), { kind: 'phase', phase: 'data-disk', state: 'failed', message: 'bad superblock' });
  assert.deepEqual(parseGuestReport('{"event":"poweroff"}'), { kind: 'poweroff' });
});

test('garbage is not a report and never throws', () => {
  const garbage = [
    '', '{', 'null', '[]', '"x"', '1e999', '{"phase":"forward","state":"end"}', '{"phase":"ssh","state":"done"}', '{"phase":["ssh"],"state":"end"}',
    '{"__proto__":{"phase":"ssh"},"state":"end"}', '{"event":"PowerOff"}', '\u0000'.repeat(100), '['.repeat(5000),
    ...Array.from({ length: 50 }, () => randomBytes(64).toString('latin1')),
  ];
  for (const line of garbage) assert.equal(parseGuestReport(line), undefined, JSON.stringify(line.slice(0, 40)));
});

test('wrong optional fields are dropped, text is made safe for a terminal', () => {
  assert.deepEqual(parseGuestReport('{"phase":"init","state":"begin","uptimeMs":-1,"message":7}'), { kind: 'phase', phase: 'init', state: 'begin' });
  const report = parseGuestReport(JSON.stringify({ phase: 'init', state: 'failed', message: `\u001b[31mred\u001b[0m\r\n${'x'.repeat(5000)}` }));
  assert.ok(report?.kind === 'phase' && report.message?.startsWith('red  xxx') === true);
  assert.equal(report.message.length, 500);
  assert.equal(printable('a\u009bb\u0007'), 'a b');
});

test('lines are cut wherever the chunks end, and bounded', () => {
  const lines: string[] = [];
  const splitter = new LineSplitter({ limit: 10, onLine: (line) => { lines.push(line); } });
  for (const chunk of ['ab', 'c\r\nd', '\n\n', '0123456789ABC', 'DEF\nnext\nlast']) splitter.push(Buffer.from(chunk));
  splitter.end();
  assert.deepEqual(lines, ['abc', 'd', '', '0123456789', 'next', 'last']);
});

test('characters that are split between chunks are kept', () => {
  const lines: string[] = [];
  const splitter = new LineSplitter({ limit: 100, onLine: (line) => { lines.push(line); } });
  for (const byte of Buffer.from('héllo €\n')) splitter.push(Uint8Array.of(byte));
  assert.deepEqual(lines, ['héllo €']);
});
