import assert from 'node:assert/strict';
import { posix, win32 } from 'node:path';
import { test } from 'node:test';
import { clean, followedPath, parseCopyArgument, planCopy, type Source, splitEntry, type Target } from './copy-paths.ts';

test('which side a path is on', () => {
  const cases: [string, string | undefined, string][] = [
    ['web:/etc', 'web', '/etc'], ['web:', 'web', ''], ['/a:b', undefined, '/a:b'], ['./a:b', undefined, './a:b'], ['../a:b', undefined, '../a:b'], ['plain', undefined, 'plain'], ['-', undefined, '-'],
  ];
  for (const [text, container, path] of cases) assert.deepEqual(parseCopyArgument(text), { container, path }, text);
});

test('a path is its directory and an entry in it', () => {
  const cases: [string, string, string][] = [['/a/b', '/a', 'b'], ['/a/b/', '/a', 'b'], ['/a/b/.', '/a/b', '.'], ['/', '/', '/'], ['.', '.', '.'], ['a', '.', 'a'], ['/a/../b', '/', 'b']];
  for (const [path, directory, base] of cases) assert.deepEqual(splitEntry(path), { directory, base }, path);
  assert.deepEqual(splitEntry('C:\\a\\b\\', win32), { directory: 'C:\\a', base: 'b' });
  assert.deepEqual(['/a/', '//a//b', '', '/'].map((path) => clean(path)), ['/a', '/a/b', '.', '/']);
});

test('a followed link keeps the end of the path, and the name that was asked for', () => {
  assert.deepEqual(followedPath('/x/link', '/y/real'), { path: '/y/real', rebaseName: 'link' });
  assert.deepEqual(followedPath('/x/link/', '/y/real'), { path: '/y/real/', rebaseName: 'link' });
  assert.deepEqual(followedPath('/x/link/.', '/y/real'), { path: '/y/real/.', rebaseName: '' });
  assert.deepEqual(followedPath('/x/same', '/y/same'), { path: '/y/same', rebaseName: '' });
});

test('where an archive goes', () => {
  const file: Source = { path: '/s/a', isDirectory: false, rebaseName: '' };
  const directory: Source = { path: '/s/d', isDirectory: true, rebaseName: '' };
  const target = (path: string, kind: 'none' | 'file' | 'directory'): Target => ({ path, exists: kind !== 'none', isDirectory: kind === 'directory' });
  const plan = (source: Source, to: Target): unknown => planCopy(source, to, { source: posix, target: posix });
  assert.deepEqual(plan(file, target('/t', 'directory')), { directory: '/t', rename: undefined });
  assert.deepEqual(plan(file, target('/t/b', 'file')), { directory: '/t', rename: { from: 'a', to: 'b' } });
  assert.deepEqual(plan(file, target('/t/b', 'none')), { directory: '/t', rename: { from: 'a', to: 'b' } });
  assert.deepEqual(plan({ ...directory, path: '/s/d/.' }, target('/t/b', 'none')), { directory: '/t', rename: { from: '.', to: 'b' } });
  assert.deepEqual(plan({ ...file, rebaseName: 'l' }, target('/t/b', 'none')), { directory: '/t', rename: { from: 'l', to: 'b' } });
  assert.throws(() => plan(directory, target('/t/b', 'file')), /cannot copy directory/);
  assert.throws(() => plan(file, target('/t/b/', 'none')), /no such directory/);
});
