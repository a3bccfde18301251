import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { differences } from './image-diff.ts';
import { ImageTree, walk } from './image-tree.ts';
import { wasteOf } from './image-waste.ts';
import { changesByLayer } from './layer-changes.ts';
import type { LayerFile, LayerFileKind } from './layer-index.ts';

const of = (kind: LayerFileKind, more: Partial<LayerFile> = {}): LayerFile => ({ kind, mode: kind === 'directory' ? 0o755 : 0o644, uid: 0, gid: 0, size: 0, link: '', digest: '', opaque: false, implied: false, ...more });
const file = (size: number, digest = String(size)): LayerFile => of('file', { size, digest });
const directory = (more: Partial<LayerFile> = {}): LayerFile => of('directory', more);

function treeOf(...layers: Record<string, LayerFile>[]): ImageTree {
  const tree = new ImageTree();
  for (const layer of layers) tree.add(new Map(Object.entries(layer)));
  return tree;
}

/** What is there, and what happened to it. */
const story = (tree: ImageTree): Record<string, string> => Object.fromEntries([...walk(tree.root)].filter((node) => node !== tree.root)
  .map((node) => [node.path, `${node.file?.kind ?? 'nothing'}: ${node.steps.map(({ layer, change }) => `${String(layer)} ${change}`).join(', ')}`]));

describe('layers laid over each other', () => {
  test('directories merge, files replace, whiteouts remove all that is below them', () => {
    assert.deepEqual(story(treeOf({ d: directory(), 'd/a': file(1), 'd/b': file(2), e: directory(), 'e/x': file(3) }, { d: directory(), 'd/a': file(4), e: of('whiteout') })), {
      d: 'directory: 1 added, 2 passed', 'd/a': 'file: 1 added, 2 overwritten', 'd/b': 'file: 1 added', e: 'nothing: 1 added, 2 removed', 'e/x': 'nothing: 1 added, 2 removed',
    });
  });

  test("an opaque directory hides what is below and keeps the layer's own, wherever the mark stands", () => {
    assert.deepEqual(story(treeOf({ d: directory(), 'd/a': file(1), 'd/b': file(2) }, { 'd/b': file(5), d: directory({ opaque: true, mode: 0o700 }) })), {
      d: 'directory: 1 added, 2 overwritten', 'd/a': 'nothing: 1 added, 2 removed', 'd/b': 'file: 1 added, 2 overwritten',
    });
  });

  test('a file in the place of a directory takes all that was in it; a directory can come back', () => {
    assert.deepEqual(story(treeOf({ d: directory(), 'd/a': file(1) }, { d: file(2) }, { d: directory(), 'd/c': file(3) })), {
      d: 'directory: 1 added, 2 overwritten, 3 overwritten', 'd/a': 'nothing: 1 added, 2 removed', 'd/c': 'file: 3 added',
    });
  });

  test('a directory that is only passed through keeps the mode below it, and is made where none is', () => {
    const tree = treeOf({ d: directory({ mode: 0o700 }) }, { d: directory({ implied: true }), 'd/a': file(1), n: directory({ implied: true }), 'n/a': file(1) });
    assert.equal(tree.find('d')?.file?.mode, 0o700);
    assert.equal(story(tree)['n'], 'directory: 2 added');
  });

  test('a name for a file of a layer below shows that file and stores nothing', () => {
    const tree = treeOf({ a: file(10) }, { b: of('link', { link: 'a' }) }, { a: of('whiteout') });
    assert.equal(tree.find('b')?.file?.size, 10);
    assert.deepEqual([wasteOf(tree).storedBytes, wasteOf(tree).wastedBytes], [10, 0]);
  });

  test('changes are counted by layer; passing through is none', () => {
    assert.deepEqual(changesByLayer(treeOf({ d: directory(), 'd/a': file(1) }, { d: directory(), 'd/a': file(2), 'd/b': file(3) }, { d: of('whiteout') })), [
      { added: 2, overwritten: 0, removed: 0 }, { added: 1, overwritten: 1, removed: 0 }, { added: 0, overwritten: 0, removed: 3 },
    ]);
  });

  test('waste counts a stored file once, and not while one of its names is seen', () => {
    const shared = file(100);
    const lost = file(7);
    const waste = wasteOf(treeOf({ a: shared, b: shared, x: lost, y: lost, z: file(0) }, { a: file(20), z: of('whiteout') }, { a: file(3), x: of('whiteout'), y: of('whiteout') }));
    assert.deepEqual([waste.storedBytes, waste.wastedBytes], [130, 27]);
    assert.deepEqual(waste.paths.map(({ node, bytes, versions }) => [node.path, bytes, versions.map(({ layer, hiddenBy, how }) => `${String(layer)} ${how} by ${String(hiddenBy)}`)]),
      [['a', 20, ['2 overwritten by 3']], ['x', 7, ['1 removed by 3']]]);
  });

  test('a difference says what differs; the same bytes in another layer differ in nothing', () => {
    const from = treeOf({ same: file(1), content: file(2, 'x'), mode: file(3), gone: directory(), 'gone/x': file(4), kind: file(5), s: of('symlink', { link: 'a' }) });
    const to = treeOf({ content: file(2, 'y'), mode: { ...file(3), mode: 0o600, uid: 1 }, kind: directory(), s: of('symlink', { link: 'b' }), new: file(6) }, { same: file(1) });
    assert.deepEqual([...differences(from, to)].map(({ path, change, what }) => [path, change, what.join(' ')]), [
      ['content', 'changed', 'content'], ['gone', 'removed', ''], ['gone/x', 'removed', ''], ['kind', 'changed', 'kind mode'], ['mode', 'changed', 'mode owner'], ['new', 'added', ''], ['s', 'changed', 'target'],
    ]);
  });
});
