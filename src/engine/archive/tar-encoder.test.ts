import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeTarEntry, TAR_END, tarPadding } from './tar-encoder.ts';
import type { TarEntry } from './tar-entry.ts';
import { TarParser } from './tar-parser.ts';

const plain: TarEntry = { type: 'file', name: 'a', linkName: '', mode: 0o4755, uid: 1, gid: 2, size: 0, mtime: 1_700_000_000, deviceMajor: 0, deviceMinor: 0, xattrs: new Map() };

const CASES: Readonly<Record<string, Partial<TarEntry>>> = {
  'a plain file': {},
  'a name of 100 bytes': { name: 'n'.repeat(100) },
  'a name of 101 bytes': { name: 'n'.repeat(101) },
  'a long path': { name: `${'d/'.repeat(1500)}f` },
  'a name that is no UTF-8': { name: 'a\xff\xfeb' },
  'a name with a line end and an equals sign': { name: 'a\nb=c' },
  'a long link': { type: 'symlink', linkName: `../${'l'.repeat(3000)}` },
  'a hard link': { type: 'hardlink', linkName: 'b' },
  'a directory': { type: 'directory', name: 'd/' },
  'a device': { type: 'block', deviceMajor: 259, deviceMinor: 1_048_575 },
  'a fifo': { type: 'fifo' },
  'owners beyond seven octal digits': { uid: 2 ** 31, gid: 2 ** 32 - 2 },
  'a time before the epoch': { mtime: -5 },
  'a time far away': { mtime: 2 ** 40 },
  'attributes of any bytes': { xattrs: new Map([['security.capability', Buffer.from([1, 0, 10, 255])], ['user.ü', Buffer.from('\n=\n')]]) },
};

for (const [title, fields] of Object.entries(CASES)) {
  test(`${title} comes back as it was`, () => {
    const entry = { ...plain, ...fields };
    assert.deepEqual(parsed(Buffer.concat([encodeTarEntry(entry), TAR_END])), [entry]);
  });
}

test('a file over 8 GiB is announced whole', () => {
  const entry = { ...plain, size: 2 ** 40 + 1 };
  const found: TarEntry[] = [];
  new TarParser({ entry: (each) => found.push(each), data: () => undefined, end: () => undefined }).push(encodeTarEntry(entry));
  assert.deepEqual(found, [entry]);
});

test('content is filled up to whole blocks', () => {
  assert.deepEqual([0, 1, 511, 512, 513].map((size) => tarPadding(size).length), [0, 511, 1, 0, 511]);
});

function parsed(bytes: Buffer): TarEntry[] {
  const found: TarEntry[] = [];
  const parser = new TarParser({ entry: (entry) => found.push(entry), data: () => undefined, end: () => undefined });
  parser.push(bytes);
  parser.finish();
  return found;
}
