import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { indentJson } from './indent-json.ts';
import { displayPorts } from './ports.ts';
import { ellipsis, goQuote, shortId } from './short-text.ts';
import { tabulate } from './tabulate.ts';
import { parseTimestamp } from './timestamps.ts';
import { bytesSize, humanDuration, humanSize } from './units.ts';

test('sizes as docker writes them', () => {
  for (const [bytes, digits, text] of [[0, 3, '0B'], [999, 3, '999B'], [1000, 3, '1kB'], [1_984_000, 3, '1.98MB'], [1_984_000, 4, '1.984MB'], [14, 3, '14B'], [123_456_789_012, 3, '123GB'], [999_999, 3, '1e+03kB']] as const) assert.equal(humanSize(bytes, digits), text);
  assert.equal(bytesSize(25_276_026_880), '23.54GiB');
});

test('durations as docker words them', () => {
  const s = 1000, m = 60 * s, h = 60 * m, d = 24 * h;
  for (const [ms, text] of [[0, 'Less than a second'], [s, '1 second'], [59 * s, '59 seconds'], [m, 'About a minute'], [2 * m, '2 minutes'], [59 * m, '59 minutes'], [h, 'About an hour'], [89 * m, 'About an hour'], [90 * m, '2 hours'], [47 * h, '47 hours'], [2 * d, '2 days'], [14 * d, '2 weeks'], [60 * d, '2 months'], [729 * d, '24 months'], [730 * d, '2 years']] as const) {
    assert.equal(humanDuration(ms), text);
  }
});

test('tables: columns of runs of lines, wide letters, cells without an end', () => {
  assert.equal(tabulate('A\tB\nlonger than ten\tx\n'), 'A                 B\nlonger than ten   x\n');
  assert.equal(tabulate('é\tb'), 'é         b');
  assert.equal(tabulate('a\tb\tc\nplain\nd\te'), 'a         b         c\nplain\nd         e');
});

test('ports: ranges, own numbers, both families', () => {
  assert.equal(displayPorts([]), '');
  assert.equal(displayPorts([{ PrivatePort: 80, Type: 'tcp' }, { PrivatePort: 81, Type: 'tcp' }, { PrivatePort: 9, Type: 'udp' }]), '9/udp, 80-81/tcp');
  assert.equal(displayPorts([{ IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' }, { IP: '::', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' }]), '0.0.0.0:8080->80/tcp, [::]:8080->80/tcp');
  assert.equal(displayPorts([90, 91, 92].map((port) => ({ IP: '127.0.0.1', PrivatePort: port, PublicPort: port, Type: 'tcp' }))), '127.0.0.1:90-92->90-92/tcp');
});

test('JSON is laid out again without touching its values', () => {
  assert.equal(indentJson('[{"a":1e3,"b":[],"c":{},"d":"{\\u003c,\\"x\\"}","e":[1,{"f":null}]}]'), '[\n    {\n        "a": 1e3,\n        "b": [],\n        "c": {},\n        "d": "{\\u003c,\\"x\\"}",\n        "e": [\n            1,\n            {\n                "f": null\n            }\n        ]\n    }\n]');
});

test('short texts', () => {
  assert.equal(shortId('sha256:0123456789abcdef'), '0123456789ab');
  assert.equal(ellipsis('sh -c something long here', 20), 'sh -c something lon…');
  assert.equal(goQuote('a "b"\n\u0001'), '"a \\"b\\"\\n\\x01"');
});

describe('parseTimestamp', () => {
  const now = Date.UTC(2026, 0, 2, 12, 0, 0);
  for (const [text, seconds] of [['1700000000', '1700000000'], ['1700000000.5', '1700000000.5'], ['10m', `${now / 1000 - 600}.000000000`], ['2026-01-02T10:00:00.25Z', `${now / 1000 - 7200}.250000000`], ['2026-01-02T10:00:00+01:00', `${now / 1000 - 10_800}.000000000`]] as const) {
    test(text, () => { assert.equal(parseTimestamp(text, now), seconds); });
  }
  test('nonsense', () => { assert.throws(() => parseTimestamp('x'), /failed to parse value as time or duration: "x"/); });
});
