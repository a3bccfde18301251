import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paletteColour, parseLine, plainText } from './sgr.ts';

const ESC = '\u001b';

test('colours and weights begin and end', () => {
  assert.deepEqual(parseLine(`a ${ESC}[1;31mred${ESC}[0m b`).segments, [{ text: 'a ', style: {} }, { text: 'red', style: { bold: true, foreground: 1 } }, { text: ' b', style: {} }]);
  assert.deepEqual(parseLine(`${ESC}[1;2;92;44mx${ESC}[22;39my`).segments, [{ text: 'x', style: { bold: true, dim: true, foreground: 10, background: 4 } }, { text: 'y', style: { background: 4 } }]);
});

test('extended colours, in both spellings', () => {
  assert.deepEqual(parseLine(`${ESC}[38;5;208mx`).segments[0]?.style, { foreground: 208 });
  assert.deepEqual(parseLine(`${ESC}[48;2;1;2;255;1mx`).segments[0]?.style, { background: '#0102ff', bold: true });
  assert.deepEqual(parseLine(`${ESC}[38;5;999mx`).segments[0]?.style, {});
  assert.equal(paletteColour(16), 'rgb(0 0 0)');
  assert.equal(paletteColour(231), 'rgb(255 255 255)');
  assert.equal(paletteColour(244), 'rgb(128 128 128)');
});

test('a style goes on into the next line', () => {
  const { end } = parseLine(`${ESC}[33mwarn`);
  assert.deepEqual(parseLine('still', end).segments, [{ text: 'still', style: { foreground: 3 } }]);
});

test('everything else that begins with ESC is taken out, and markup is text', () => {
  assert.equal(plainText(`${ESC}[2K${ESC}[1Gdone${ESC}]0;title\u0007!${ESC}(B\u0008`), 'done!');
  assert.equal(plainText(`${ESC}]8;;http://x${ESC}\\link${ESC}]8;;${ESC}\\`), 'link');
  assert.deepEqual(parseLine('<img onerror=x>').segments, [{ text: '<img onerror=x>', style: {} }]);
  assert.equal(plainText(`tail${ESC}[`), 'tail');
});
