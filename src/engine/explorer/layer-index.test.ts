import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import type { TarEntry, TarEntryType } from '../archive/tar-entry.ts';
import { LayerIndexBuilder } from './layer-index-builder.ts';
import { decodeLayerIndex, encodeLayerIndex } from './layer-index-format.ts';
import type { LayerIndex } from './layer-index.ts';

const entry = (type: TarEntryType, more: Partial<TarEntry> = {}): TarEntry => ({
  type, name: '', linkName: '', mode: type === 'directory' ? 0o755 : 0o644, uid: 0, gid: 0, size: 0, mtime: 0, deviceMajor: 0, deviceMinor: 0, xattrs: new Map(), ...more,
});

function file(builder: LayerIndexBuilder, path: string, content: string, pieces = 1): void {
  const bytes = Buffer.from(content);
  builder.made(path, entry('file', { size: bytes.length }));
  const step = Math.ceil(bytes.length / pieces);
  for (let at = 0; at < bytes.length; at += step) builder.data(bytes.subarray(at, at + step), at);
  builder.end();
}

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
const kinds = (index: LayerIndex): Record<string, string> => Object.fromEntries([...index].map(([path, found]) => [path, found.kind + (found.opaque ? ' opaque' : '') + (found.implied ? ' implied' : '')]));

describe('the index of a layer', () => {
  test('digests are those of the contents, in one piece, in several, empty, and with holes', () => {
    const builder = new LayerIndexBuilder('stacked');
    file(builder, 'one', 'in one piece');
    file(builder, 'many', 'in many pieces', 5);
    file(builder, 'empty', '');
    builder.made('holes', entry('file', { size: 200_000, sparse: [{ offset: 10, size: 1 }, { offset: 150_000, size: 1 }] }));
    builder.data(Buffer.from('A'), 10);
    builder.data(Buffer.from('B'), 150_000);
    builder.end();
    const holes = Buffer.alloc(200_000);
    holes.write('A', 10);
    holes.write('B', 150_000);
    assert.deepEqual([...builder.index].map(([path, { digest }]) => [path, digest]), [['one', sha256('in one piece')], ['many', sha256('in many pieces')], ['empty', sha256('')], ['holes', sha256(holes)]]);
  });

  test('hard links are one file, also when a name is replaced; what a file replaces is gone with all that was in it', () => {
    const builder = new LayerIndexBuilder('stacked');
    file(builder, 'a', 'first');
    builder.made('b', entry('hardlink'), 'a');
    file(builder, 'a', 'second');
    builder.made('d', entry('directory'));
    file(builder, 'd/x', 'x');
    file(builder, 'd', 'now a file');
    assert.equal(builder.index.get('b')?.digest, sha256('first'));
    assert.equal(builder.index.get('a')?.digest, sha256('second'));
    assert.deepEqual(kinds(builder.index), { a: 'file', b: 'file', d: 'file' });
  });

  test('removals concern what is below, in whatever order they come', () => {
    const builder = new LayerIndexBuilder('stacked');
    builder.removed('gone');
    builder.removed('back');
    builder.made('back', entry('directory'));
    file(builder, 'stays', 'x');
    builder.removed('stays');
    file(builder, 'deep/in/file', 'x');
    builder.removed('deep');
    builder.emptied('o');
    builder.emptied('');
    assert.deepEqual(kinds(builder.index), { gone: 'whiteout', back: 'directory opaque', stays: 'file', deep: 'directory opaque', 'deep/in': 'directory', 'deep/in/file': 'file', o: 'directory opaque' });
  });

  test('onto other layers, directories on the way are theirs and links may lead to their files', () => {
    const builder = new LayerIndexBuilder('merged');
    file(builder, 'usr/bin/x', 'x');
    builder.made('usr/bin/y', entry('hardlink'), 'bin/below');
    assert.deepEqual(kinds(builder.index), { usr: 'directory implied', 'usr/bin': 'directory implied', 'usr/bin/x': 'file', 'usr/bin/y': 'link' });
    assert.equal(builder.index.get('usr/bin/y')?.link, 'bin/below');
  });

  test('is read back as it was written: names that are no text, links, devices, owners, marks', () => {
    const builder = new LayerIndexBuilder('merged');
    builder.made('', entry('directory', { mode: 0o1777 }));
    file(builder, 'caf\xe9\n "name"', 'latin1');
    builder.made('hard', entry('hardlink'), 'caf\xe9\n "name"');
    builder.made('s', entry('symlink', { linkName: '../\xff', mode: 0o777, uid: 4_000_000_000, gid: 7 }));
    builder.made('dev/null', entry('char', { deviceMajor: 1, deviceMinor: 3, mode: 0o666 }));
    builder.removed('w');
    builder.emptied('o');
    const read = decodeLayerIndex(encodeLayerIndex(builder.index));
    assert.deepEqual([...read], [...builder.index]);
    assert.equal(read.get('hard'), read.get('caf\xe9\n "name"'), 'one file');
  });

  test('what is damaged, cut off or of another kind is refused', () => {
    const builder = new LayerIndexBuilder('stacked');
    for (let i = 0; i < 100; i += 1) file(builder, `file-${String(i)}`, String(i));
    const bytes = encodeLayerIndex(builder.index);
    const damaged = Buffer.from(bytes);
    damaged[bytes.length >> 1] = (damaged[bytes.length >> 1] ?? 0) ^ 0xff;
    for (const wrong of [bytes.subarray(0, bytes.length - 9), damaged, Buffer.alloc(0), Buffer.from('text')]) assert.throws(() => decodeLayerIndex(wrong), /cannot be read/);
  });
});
