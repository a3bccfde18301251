import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { silentLogger } from '../../base/log.ts';
import { jsonFormat } from './json-format.ts';
import { LogEncoder } from './log-encoder.ts';
import { formatLogTime, parseLogTime } from './log-time.ts';
import { recordFormat } from './record-format.ts';
import { readLog, type LogReadOptions } from './log-reader.ts';

const directories: string[] = [];
afterEach(() => { for (const directory of directories.splice(0)) rmSync(directory, { recursive: true }); });

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'strata-log-'));
  directories.push(directory);
  return join(directory, 'output.log');
}

function record(stream: 1 | 2, text: string, timeNs = 1n): Buffer {
  const data = Buffer.from(text);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(data.length + 9, 0);
  head[4] = stream;
  head.writeBigUInt64BE(timeNs, 5);
  return Buffer.concat([head, data, head.subarray(0, 4)]);
}

async function read(path: string, options: Partial<LogReadOptions> = {}): Promise<string> {
  const encoder = new LogEncoder({ multiplexed: false, timestamps: false });
  let text = '';
  for await (const records of readLog({ path, format: recordFormat, stdout: true, stderr: true, signal: new AbortController().signal, log: silentLogger, ...options })) text += encoder.encode(records).toString();
  return text;
}

test('reads over rotated files, oldest first', async () => {
  const path = scratch();
  writeFileSync(`${path}.2`, record(1, 'a\n'));
  writeFileSync(`${path}.1`, record(2, 'b\n'));
  writeFileSync(path, Buffer.concat([record(1, 'c\n'), record(1, 'd\n')]));
  assert.equal(await read(path), 'a\nb\nc\nd\n');
  assert.equal(await read(path, { stderr: false }), 'a\nc\nd\n');
  assert.equal(await read(scratch()), '');
});

test('tail', async () => {
  const path = scratch();
  writeFileSync(`${path}.1`, Buffer.concat([record(1, 'a\nb\n'), record(2, 'e1\n')]));
  writeFileSync(path, Buffer.concat([record(1, 'c'), record(1, 'c\nd\n')]));
  assert.equal(await read(path, { tail: 0 }), '');
  assert.equal(await read(path, { tail: 1 }), 'd\n');
  assert.equal(await read(path, { tail: 2 }), 'cc\nd\n');
  assert.equal(await read(path, { tail: 3 }), 'e1\ncc\nd\n');
  assert.equal(await read(path, { tail: 3, stderr: false }), 'b\ncc\nd\n');
  assert.equal(await read(path, { tail: 99 }), 'a\nb\ne1\ncc\nd\n');
  appendFileSync(path, record(1, 'open'));
  assert.equal(await read(path, { tail: 1 }), 'open');
});

test('tail of many records', async () => {
  const path = scratch();
  writeFileSync(path, Buffer.concat(Array.from({ length: 20_000 }, (_, index) => record(1, `line ${String(index)}\n`))));
  const text = await read(path, { tail: 15_000 });
  assert.equal(text.split('\n').length, 15_001);
  assert.ok(text.startsWith('line 5000\n'));
});

test('since and until', async () => {
  const path = scratch();
  writeFileSync(path, Buffer.concat([record(1, 'a\n', 10n), record(1, 'b\n', 20n), record(1, 'c\n', 30n)]));
  assert.equal(await read(path, { sinceNs: 20n }), 'b\nc\n');
  assert.equal(await read(path, { untilNs: 20n }), 'a\nb\n');
});

test('follows writes and rotation until the end', async () => {
  const path = scratch();
  writeFileSync(path, record(1, 'a\n'));
  const end = Promise.withResolvers<undefined>();
  const reading = read(path, { follow: end.promise });
  setTimeout(() => { appendFileSync(path, record(1, 'b\n')); }, 30);
  setTimeout(() => {
    appendFileSync(path, record(1, 'c\n'));
    renameSync(path, `${path}.1`);
    writeFileSync(path, record(1, 'd\n'));
  }, 60);
  setTimeout(() => {
    appendFileSync(path, record(1, 'e\n'));
    end.resolve(undefined);
  }, 90);
  assert.equal(await reading, 'a\nb\nc\nd\ne\n');
});

test('a client that goes ends the reading', async () => {
  const path = scratch();
  writeFileSync(path, record(1, 'a\n'));
  const client = new AbortController();
  const reading = read(path, { follow: new Promise(() => undefined), signal: client.signal });
  setTimeout(() => { client.abort(); }, 30);
  assert.equal(await reading, 'a\n');
});

test('a record that is half written is not shown, a damaged file does not stop the rest', async () => {
  const path = scratch();
  writeFileSync(`${path}.1`, Buffer.concat([record(1, 'a\n'), Buffer.from('rubbish rubbish rubbish')]));
  writeFileSync(path, Buffer.concat([record(1, 'b\n'), record(1, 'half\n').subarray(0, 15)]));
  assert.equal(await read(path), 'a\nb\n');
});

test('timestamps stand at the start of lines', () => {
  const encoder = new LogEncoder({ multiplexed: true, timestamps: true });
  const make = (data: string) => ({ stream: 1 as const, timeNs: 1_700_000_000_123_456_789n, data: Buffer.from(data) });
  assert.equal(formatLogTime(1_700_000_000_123_456_789n), '2023-11-14T22:13:20.123456789Z');
  const text = encoder.encode([make('a\nb'), make('c\n')]).toString('latin1');
  const stamp = '2023-11-14T22:13:20.123456789Z ';
  assert.equal(text, `\x01\0\0\0\0\0\0\x21${stamp}a\n\x01\0\0\0\0\0\0\x20${stamp}b\x01\0\0\0\0\0\0\x02c\n`);
});

const jsonLine = (log: string, second = 0, stream = 'stdout', attributes = ''): string => `{"log":${JSON.stringify(log)},"stream":"${stream}"${attributes},"time":"2026-01-01T00:00:0${String(second)}.5Z"}\n`;

test('json: lines, parts, escapes, both streams, rubbish between', async () => {
  const path = scratch();
  const odd = String.raw`{"log":"\u001b[0m \u003c\"\\ \u2028\ufffd\ud83d\ude00\/\n","stream":"stdout","time":"2026-01-01T00:00:01Z"}` + '\n';
  writeFileSync(`${path}.1`, jsonLine('a\n') + jsonLine('par', 1) + jsonLine('t\n', 1) + 'rubbish\n{}\n' + odd);
  writeFileSync(path, jsonLine('err\n', 2, 'stderr', ',"attrs":{"a":"}\\","}') + jsonLine('last', 3) + jsonLine('half').slice(0, 20));
  const format = jsonFormat;
  const first = 'a\npart\n\u001b[0m <"\\ \u2028\ufffd\u{1f600}/\n';
  for (const exact of [false, true]) assert.equal(await read(path, { format, exact }), `${first}err\nlast`);
  assert.equal(await read(path, { format, stdout: false }), 'err\n');
  assert.equal(await read(path, { format, tail: 1 }), 'last');
  assert.equal(await read(path, { format, tail: 2 }), 'err\nlast');
  assert.equal(await read(path, { format, tail: 4 }), `${first.slice(2)}err\nlast`);
  const halfPast = (second: number): bigint => parseLogTime(`2026-01-01T00:00:0${String(second)}.5Z`);
  assert.equal(await read(path, { format, sinceNs: halfPast(2) }), 'err\nlast');
  assert.equal(await read(path, { format, untilNs: halfPast(0) }), 'a\n');
});

test('json: a tail whose records are longer than a chunk', async () => {
  const path = scratch();
  writeFileSync(path, jsonLine('a\n') + jsonLine(`${'x'.repeat(700_000)}\n`) + jsonLine('b\n'));
  assert.equal((await read(path, { format: jsonFormat, tail: 2 })).length, 700_003);
  assert.equal(await read(path, { format: jsonFormat, tail: 1 }), 'b\n');
});

test('compressed files are read in their place, also by one who was in the middle when they were compressed', async () => {
  const path = scratch();
  const pack = (name: string): void => {
    const { atime, mtime } = statSync(name);
    writeFileSync(`${name}.gz`, gzipSync(readFileSync(name)));
    utimesSync(`${name}.gz`, atime, mtime);
    rmSync(name);
  };
  for (const [name, text, at] of [[`${path}.2`, 'a\n', 10], [`${path}.1`, 'b\nb2\n', 20], [path, 'c\n', 30]] as const) {
    writeFileSync(name, record(1, text));
    utimesSync(name, at, at);
  }
  pack(`${path}.2`);
  assert.equal(await read(path), 'a\nb\nb2\nc\n');
  assert.equal(await read(path, { tail: 4 }), 'a\nb\nb2\nc\n');
  let text = '';
  for await (const records of readLog({ path, format: recordFormat, stdout: true, stderr: true, signal: new AbortController().signal, log: silentLogger })) {
    text += records.map(({ data }) => data.toString()).join('');
    if (text.endsWith('b2\n')) pack(`${path}.1`);
  }
  assert.equal(text, 'a\nb\nb2\nc\n');
});

test('details are shown as in a query, before the line', () => {
  const encoder = new LogEncoder({ multiplexed: false, timestamps: false, details: {} });
  const make = (data: string, attributes?: string) => ({ stream: 1 as const, timeNs: 0n, data: Buffer.from(data), attributes });
  assert.equal(encoder.encode([make('a\n'), make('b\n', '{"k":"v=1,2 \u003c","a":"\u00e9"}'), make('c')]).toString(), ' a\na=%C3%A9,k=v%3D1%2C2+%3C b\n c');
});
