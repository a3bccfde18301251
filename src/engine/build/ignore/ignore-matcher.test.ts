import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cleanPath } from './clean-path.ts';
import { IgnoreMatcher, ignoreFilesFor, ignorePatterns } from './ignore-matcher.ts';

/** Pattern, path, and whether the pattern matches the path itself, a directory above it, or neither. */
const PATTERNS: readonly [pattern: string, path: string, how: 'itself' | 'above' | 'not'][] = [
  ['**', 'file', 'itself'], ['**/', 'file', 'itself'], ['**', 'dir/file', 'itself'], ['**/**', 'dir/file', 'itself'], ['dir/**', 'dir/file', 'itself'], ['dir/**', 'dir/dir2/file', 'itself'],
  ['**/dir', 'dir', 'itself'], ['**/dir', 'dir/file', 'above'], ['**/dir2/*', 'dir/dir2/file', 'itself'], ['**/dir2/**', 'dir/dir2/dir3/file', 'itself'],
  ['**file', 'file', 'itself'], ['**/file', 'dir/file', 'itself'], ['**/file', 'dir/dir/file', 'itself'], ['**/file*', 'dir/dir/file.txt', 'itself'], ['**/file*txt', 'dir/dir/file.txt', 'itself'],
  ['**/file*.txt*', 'dir/dir/file.txt', 'itself'], ['**/**/*.txt', 'dir/dir/file.txt', 'itself'], ['**/**/*.txt2', 'dir/dir/file.txt', 'not'], ['**/*.txt', 'file.txt', 'itself'], ['**/**/*.txt', 'file.txt', 'itself'],
  ['a**/*.txt', 'a/file.txt', 'itself'], ['a**/*.txt', 'a/dir/dir/file.txt', 'itself'], ['a/*.txt', 'a/dir/file.txt', 'not'], ['a/*.txt', 'a/file.txt', 'itself'], ['a/*.txt**', 'a/file.txt', 'itself'],
  ['a[b-d]e', 'ae', 'not'], ['a[b-d]e', 'ace', 'itself'], ['a[b-d]e', 'aae', 'not'], ['a[^b-d]e', 'aze', 'itself'], ['.*', '.foo', 'itself'], ['.*', 'foo', 'not'], ['abc.def', 'abcdef', 'not'], ['abc.def', 'abcZdef', 'not'],
  ['abc?def', 'abcZdef', 'itself'], ['abc?def', 'abcdef', 'not'], ['a\\\\', 'a\\', 'itself'], ['a\\*b', 'a*b', 'itself'], ['a\\*b', 'ab', 'not'], ['**/foo/bar', 'foo/bar', 'itself'], ['**/foo/bar', 'dir/dir2/foo/bar', 'itself'],
  ['abc/**', 'abc', 'not'], ['abc/**', 'abc/def/ghi', 'itself'], ['**/.foo', '.foo', 'itself'], ['**/.foo', 'bar.foo', 'not'], ['a(b)c/def', 'a(b)c/def', 'itself'], ['a(b)c/def', 'a(b)c/xyz', 'not'], ['a.|)$(}+{bc', 'a.|)$(}+{bc', 'itself'],
  ['dist/*.whl', 'dist/p.py-2.4.0rc3+g08-py3.whl', 'itself'], ['*', 'abc', 'itself'], ['*c', 'abc', 'itself'], ['a*', 'ab/c', 'above'], ['a*/b', 'abc/b', 'itself'], ['a*/b', 'a/c/b', 'not'],
  ['a*b*c*d*e*/f', 'axbxcxdxexxx/f', 'itself'], ['a*b*c*d*e*/f', 'axbxcxdxe/xxx/f', 'not'], ['a*b?c*x', 'abxbbxdbxebxczzx', 'itself'], ['a*b?c*x', 'abxbbxdbxebxczzy', 'not'],
  ['ab[^c]', 'abc', 'not'], ['ab[^e-g]', 'abc', 'itself'], ['a?b', 'a☺b', 'itself'], ['a[^a]b', 'a☺b', 'itself'], ['a???b', 'a☺b', 'not'], ['[a-ζ]*', 'α', 'itself'], ['*[a-ζ]', 'A', 'not'], ['a?b', 'a/b', 'not'], ['a*b', 'a/b', 'not'],
  ['[\\]a]', ']', 'itself'], ['[\\-]', '-', 'itself'], ['[x\\-]', 'z', 'not'], ['[\\-x]', '-', 'itself'], ['*x', 'xxx', 'itself'], ['docs/', 'docs/a', 'above'], ['./docs/../x', 'x', 'itself'], ['foo', 'foo', 'itself'], ['f', 'foo', 'not'], ['.', 'foo', 'not'], ['[*]', '*', 'itself'], ['[*]', 'a', 'not'],
];

describe('patterns', () => {
  for (const [pattern, path, how] of PATTERNS) {
    test(`${pattern} and ${path}`, () => {
      const matcher = new IgnoreMatcher([pattern]);
      assert.equal(matcher.excludes(path), how !== 'not');
      assert.equal(matcher.excludesBelow(path).isExcluded, how === 'itself');
    });
  }
  for (const pattern of ['[]a]', '[-]', '[x-]', '[-x]', '\\', '[a-b-c]', '[', '[^', '[^bc', 'a[']) test(`${pattern} is none`, () => { assert.throws(() => new IgnoreMatcher([pattern]), { name: 'InvalidArgumentError', message: `syntax error in pattern: ${pattern}` }); });
  test('an exclamation mark alone is none', () => { assert.throws(() => new IgnoreMatcher(['!']), { message: 'illegal exclusion pattern: "!"' }); });
});

const LISTS: readonly [patterns: readonly string[], path: string, isExcluded: boolean][] = [
  [[], 'any/path', false], [['!a.go', '*.go'], 'a.go', true], [['*.go', '!a.go'], 'a.go', false], [['docs', '!docs/README.md'], 'docs/README.md', false], [['docs/', '!docs/README.md'], 'docs/x', true], [['docs/*', '!docs/README.md'], 'docs/README.md', false],
  [['**', '!util/docker/web'], 'util/docker/web/foo', false], [['**', '!util/docker/web', 'util/docker/web/foo'], 'util/docker/web/foo', true], [['**', '!dist/*.whl'], 'dist/a+b.whl', false], [['*'], '.', false], [['**'], '.', false],
  [['a', '!a/b', 'a/b/c'], 'a/b/c/d', true], [['a', '!a/b', 'a/b/c'], 'a/b/d', false], [['a/b', '!a'], 'a/b/c', true], [['*', '!src', 'src/**/*.test'], 'src/x/y.test', true],
];

describe('lists', () => {
  for (const [patterns, path, isExcluded] of LISTS) {
    test(`${patterns.join(' ')} and ${path}`, () => {
      const matcher = new IgnoreMatcher(patterns);
      assert.equal(matcher.excludes(path), isExcluded);
      if (path === '.') return;
      let step: ReturnType<typeof matcher.excludesBelow> | undefined;
      for (const [index] of path.split('/').entries()) step = matcher.excludesBelow(path.split('/').slice(0, index + 1).join('/'), step?.match);
      assert.equal(step?.isExcluded, isExcluded, 'walked');
    });
  }
  test('walking finds the same as asking', () => {
    const names = ['a', 'b', 'ab', 'b.c'];
    const patterns = ['a', 'b/*', '**/ab', '*/b.c', '!a/b', '!**/a', 'a/**/b', '?b', '!b', '[ab]'];
    for (let round = 0; round < 500; round += 1) {
      const pick = <T>(list: readonly T[], salt: number): T[] => list.filter((_, index) => ((round * 7 + salt) >> (index % 9)) % 2 === 1);
      const matcher = new IgnoreMatcher(pick(patterns, 13));
      const path = [0, 1, 2].map((level) => names[(round >> level) % names.length] ?? 'a');
      let step: ReturnType<typeof matcher.excludesBelow> | undefined;
      for (let depth = 1; depth <= path.length; depth += 1) {
        const here = path.slice(0, depth).join('/');
        step = matcher.excludesBelow(here, step?.match);
        assert.equal(step.isExcluded, matcher.excludes(here), `${matcher.patterns.join(' ')} and ${here}`);
      }
    }
  });
  test('an excluded directory is looked into only where an exception may be', () => {
    const matcher = new IgnoreMatcher(['*', '!src/*/keep', '!deep/**/x', '!docs']);
    assert.deepEqual(['src', 'src/a', 'srcs', 'lib', 'deep/er/est', 'docs/a', 'src/a/keep/b', 'src/a/other'].filter((path) => matcher.mayIncludeBelow(path)), ['src', 'src/a', 'deep/er/est', 'docs/a', 'src/a/keep/b']);
    assert.deepEqual([matcher.hasExceptions, new IgnoreMatcher(['a']).mayIncludeBelow('a'), new IgnoreMatcher(['', ' ']).isEmpty], [true, false, true]);
  });
});

test('the file: comments, blanks, marks, slashes in front', () => {
  assert.deepEqual(ignorePatterns('\ufeff# no\r\n  a/b/ \n\n!  /c\n # kept\n/\n/d\n.\n!\n'), ['a/b', '!c', '# kept', '/', 'd', '.', '!']);
  assert.ok(IgnoreMatcher.parse('node_modules\n*.log\n!keep.log\n').excludes('node_modules/x/y'));
  assert.deepEqual(ignoreFilesFor('ci/Dockerfile'), ['ci/Dockerfile.dockerignore', '.dockerignore']);
});

test('clean paths', () => { assert.deepEqual(['', '/', 'a//b/./c/', '../a', '/../a', 'a/../..', './'].map(cleanPath), ['.', '/', 'a/b/c', '../a', '/a', '..', '.']); });

test('patterns that make backtracking explode', () => {
  const path = `${'a/'.repeat(2000)}b`;
  assert.equal(new IgnoreMatcher([`${'**/a/'.repeat(50)}c`]).excludesBelow(path).isExcluded, false);
  assert.equal(new IgnoreMatcher([`${'*a'.repeat(200)}b`]).excludesBelow('a'.repeat(4000)).isExcluded, false);
});
