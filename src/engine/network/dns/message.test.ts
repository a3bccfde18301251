import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Query, RCODE, readAnswer, readQuery, TYPE, writeAnswer, writeName } from './message.ts';

const bytes = (...parts: (Buffer | string | readonly number[])[]): Buffer => Buffer.concat(parts.map((part) => (typeof part === 'string' ? writeName(part) ?? Buffer.alloc(0) : Buffer.from(part))));
const header = (fields: { flags?: number; counts?: readonly number[] } = {}): Buffer => {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0x1234, 0);
  head.writeUInt16BE(fields.flags ?? 0x0100, 2);
  for (const [index, count] of (fields.counts ?? [1, 0, 0, 0]).entries()) head.writeUInt16BE(count, 4 + 2 * index);
  return head;
};
const A_IN = [0, 1, 0, 1];
const opt = (options: readonly number[] = []): Buffer => bytes([0, 0, 41, 0x10, 0, 0, 0, 0x80, 0, 0, options.length], options);

function query(message: Buffer): Query {
  const read = readQuery(message);
  assert.ok(typeof read === 'object' && 'query' in read);
  return read.query;
}

function refused(message: Buffer): number {
  const read = readQuery(message);
  assert.ok(typeof read === 'object' && 'refusal' in read, JSON.stringify(read));
  assert.equal(read.refusal.length, 12);
  assert.equal(read.refusal.readUInt16BE(0), message.readUInt16BE(0));
  return (read.refusal[3] ?? 0) & 15;
}

test('a query', () => {
  const plain = query(bytes(header(), 'Web.Example', A_IN));
  assert.deepEqual([plain.id, plain.name, plain.type, plain.isInternet, plain.recursionDesired, plain.edns], [0x1234, 'web.example', 1, true, true, undefined]);
  const edns = query(bytes(header({ counts: [1, 0, 0, 1] }), 'web', [0, 28, 0, 1], opt([0, 10, 0, 1, 9])));
  assert.deepEqual([edns.type, edns.edns], [TYPE.aaaa, { udpBytes: 4096, dnssecOk: true, hasOptions: true }]);
  assert.equal(query(bytes(header(), [0], A_IN)).name, '', 'the root');
  assert.equal(query(bytes(header(), [3, 0x61, 0x2e, 0x62, 0], A_IN)).name, undefined, 'a dot inside a label');
  assert.equal(query(bytes(header(), [2, 0xc3, 0xa4, 0], A_IN)).name, undefined);
});

test('what is no query', () => {
  assert.equal(readQuery(Buffer.alloc(0)), 'silence');
  assert.equal(readQuery(header().subarray(0, 11)), 'silence');
  assert.equal(readQuery(bytes(header({ flags: 0x8180 }), 'web', A_IN)), 'silence', 'an answer');
  assert.equal(refused(bytes(header({ flags: 0x2800 }), 'web', A_IN)), RCODE.notImplemented, 'an update');
  const label63 = [63, ...Array.from({ length: 63 }, () => 0x61)];
  const wrong: Record<string, Buffer> = {
    'no question': header({ counts: [0, 0, 0, 0] }), 'two questions': bytes(header({ counts: [2, 0, 0, 0] }), 'a', A_IN, 'b', A_IN), 'answers in a query': bytes(header({ counts: [1, 1, 0, 0] }), 'a', A_IN),
    'a count without records': bytes(header({ counts: [1, 0, 0, 1] }), 'a', A_IN), 'many counts': bytes(header({ counts: [1, 0, 0, 65_535] }), 'a', A_IN), 'nothing after the header': header(),
    'a name without end': bytes(header(), [3, 0x61, 0x61, 0x61]), 'a label beyond the end': bytes(header(), [60, 0x61]), 'a giant label': bytes(header(), [64, ...Array.from({ length: 64 }, () => 0x61), 0], A_IN),
    'a reserved kind of label': bytes(header(), [0x80, 0x61, 0], A_IN), 'a pointer to itself': bytes(header(), [0xc0, 12], A_IN), 'a pointer forward': bytes(header(), [0xc0, 40], A_IN),
    'no class': bytes(header(), 'web', [0, 1, 0]), 'bytes behind': bytes(header(), 'web', A_IN, [0]), 'a name of 257 bytes': bytes(header(), label63, label63, label63, label63, [0], A_IN),
    'two EDNS records': bytes(header({ counts: [1, 0, 0, 2] }), 'a', A_IN, opt(), opt()), 'an EDNS record with a name': bytes(header({ counts: [1, 0, 0, 1] }), 'a', A_IN, [1, 0x61], opt()),
    'a record longer than the message': bytes(header({ counts: [1, 0, 0, 1] }), 'a', A_IN, [0, 0, 41, 16, 0, 0, 0, 0, 0, 0xff, 0xff]),
  };
  for (const [what, message] of Object.entries(wrong)) assert.equal(refused(message), RCODE.formatError, what);
  const longest = query(bytes(header(), label63, label63, label63, [61, ...Array.from({ length: 61 }, () => 0x61)], [0], A_IN));
  assert.equal(longest.question.length, 255 + 4);
});

test('every cut of a query is refused or silent, and every changed byte is read without an error', () => {
  const message = bytes(header({ counts: [1, 0, 0, 1] }), 'web.example', A_IN, opt([0, 10, 0, 1, 9]));
  for (let length = 0; length < message.length; length += 1) {
    const read = readQuery(message.subarray(0, length));
    assert.ok(read === 'silence' || 'refusal' in read, `cut at ${String(length)}`);
  }
  for (let at = 0; at < message.length; at += 1) {
    for (const value of [0, 1, 63, 64, 0xc0, 0xff]) {
      const changed = Buffer.from(message);
      changed[at] = value;
      readQuery(changed);
      readAnswer(changed, { id: 0x1234, question: message.subarray(12, 29) });
    }
  }
});

test('an answer of ours is as long as may be, and says so', () => {
  const asked = query(bytes(header(), 'web', A_IN));
  const records = Array.from({ length: 40 }, (_, index) => ({ type: TYPE.a, ttl: 600, data: Buffer.from([10, 0, 0, index]) }));
  const [short, long] = [writeAnswer(asked, RCODE.ok, records, 512), writeAnswer(asked, RCODE.ok, records, 65_535)];
  assert.ok(short.length <= 512 && short.length > 490);
  assert.deepEqual([(short[2] ?? 0) & 2, (long[2] ?? 0) & 2], [2, 0]);
  assert.deepEqual([short.readUInt16BE(6), long.readUInt16BE(6)], [Math.floor((512 - 21) / 16), 40]);
  assert.equal(readAnswer(long, asked)?.ttlsAt.length, 40);
  const withEdns = writeAnswer(query(bytes(header({ counts: [1, 0, 0, 1] }), 'web', A_IN, opt())), RCODE.ok, records.slice(0, 1), 512);
  assert.deepEqual([withEdns.readUInt16BE(10), withEdns.readUInt16BE(withEdns.length - 10)], [1, TYPE.opt]);
  assert.equal(writeName(`${'a'.repeat(64)}.b`), undefined);
  assert.equal(writeName(''), undefined);
});

test('what a server says is taken only if it answers just this', () => {
  const asked = query(bytes(header(), 'web.example', A_IN));
  const record = (ttl: number): Buffer => bytes([0xc0, 12, 0, 1, 0, 1, 0, 0, ttl >> 8, ttl & 255, 0, 4, 10, 0, 0, 1]);
  const soa = bytes([0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 200, 0, 22, 0, 0], Buffer.alloc(16), [0, 0, 0, 90]);
  const answer = (flags: number, counts: readonly number[], ...rest: Buffer[]): Buffer => bytes(header({ flags, counts }), asked.question, ...rest);
  assert.deepEqual(readAnswer(answer(0x8180, [1, 2, 0, 0], record(300), record(20)), asked), { rcode: 0, isTruncated: false, keepSeconds: 20, ttlsAt: [35, 51] });
  assert.equal(readAnswer(answer(0x8183, [1, 0, 1, 0], soa), asked)?.keepSeconds, 90, 'what is not there, as long as the zone says');
  assert.equal(readAnswer(answer(0x8183, [1, 0, 0, 0]), asked)?.keepSeconds, 0);
  assert.deepEqual(readAnswer(answer(0x8380, [1, 9, 0, 0], record(300), Buffer.from([0xc0])), asked), { rcode: 0, isTruncated: true, keepSeconds: 0, ttlsAt: [] });
  const spelt = answer(0x8180, [1, 0, 0, 0]);
  spelt[13] = 0x57;
  assert.ok(readAnswer(spelt, asked), 'another case');
  const wrong = [
    answer(0x0180, [1, 0, 0, 0]), answer(0x8180, [0, 0, 0, 0]), answer(0x8180, [1, 1, 0, 0]), answer(0x8180, [1, 2, 0, 0], record(1)), answer(0x8180, [1, 65_535, 65_535, 65_535], record(1)),
    bytes(header({ flags: 0x8180 }), 'web.exampel', A_IN), bytes(header({ flags: 0x8180 }), 'web.example', [0, 28, 0, 1]), answer(0x8180, [1, 1, 0, 0], Buffer.from([0x80, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0])),
    Buffer.alloc(11), header({ flags: 0x8180 }),
  ];
  for (const [index, message] of wrong.entries()) assert.equal(readAnswer(message, asked), undefined, String(index));
  assert.equal(readAnswer(answer(0x8180, [1, 0, 0, 0]), { ...asked, id: 1 }), undefined, 'another number');
});
