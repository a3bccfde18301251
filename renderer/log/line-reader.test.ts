import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameHeader } from '../../src/api/stdcopy.ts';
import { readLines, type ReadLine } from './line-reader.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const frame = (stream: 1 | 2, text: string): Uint8Array => new Uint8Array([...frameHeader(stream, bytes(text).length), ...bytes(text)]);

async function read(chunks: readonly Uint8Array[], tty: boolean): Promise<ReadLine[]> {
  async function* source(): AsyncGenerator<Uint8Array> { yield* chunks; }
  const lines: ReadLine[] = [];
  for await (const some of readLines(source(), tty)) lines.push(...some);
  return lines;
}

test('streams have their own unfinished lines, and stamps are taken off', async () => {
  const at = '2026-01-02T03:04:05.000000006Z';
  assert.deepEqual(await read([frame(1, `${at} hel`), frame(2, `${at} oops\n`), frame(1, 'lo\nlast')], false), [
    { stream: 2, at, text: 'oops' }, { stream: 1, at, text: 'hello' }, { stream: 1, at: '', text: 'last' },
  ]);
});

test('a terminal is one stream; a carriage return starts the line over', async () => {
  assert.deepEqual((await read([bytes('10%\r50%\r100%\r\nnext\r\n')], true)).map(({ text }) => text), ['100%', 'next']);
});

test('characters and frames may be cut anywhere', async () => {
  const whole = frame(1, 'héllo 中文\n');
  assert.deepEqual((await read([...whole].map((byte) => new Uint8Array([byte])), false)).map(({ text }) => text), ['héllo 中文']);
});

test('a line without end does not fill the memory', async () => {
  const lines = await read([bytes('x'.repeat(40_000))], true);
  assert.deepEqual(lines.map(({ text }) => text.length), [16_384, 16_384, 7232]);
});
