import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalName, familiarName, parseReference, withDefaultTag } from './reference.ts';
import { globToPattern } from './reference-pattern.ts';

test('names are filled in and shortened as docker does', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  for (const [text, canonical, familiar] of [
    ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'], ['a/b:1', 'docker.io/a/b:1', 'a/b:1'], ['index.docker.io/x', 'docker.io/library/x:latest', 'x:latest'],
    ['docker.io/library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'], ['localhost/x', 'localhost/x:latest', 'localhost/x:latest'],
    ['reg:5000/x', 'reg:5000/x:latest', 'reg:5000/x:latest'], ['[::1]:5000/x:y', '[::1]:5000/x:y', '[::1]:5000/x:y'], [`x@${digest}`, `docker.io/library/x@${digest}`, `x@${digest}`],
  ] as const) {
    const reference = withDefaultTag(parseReference(text));
    assert.deepEqual([canonicalName(reference), familiarName(reference)], [canonical, familiar]);
  }
});

test('what is no name is refused in docker\'s words', () => {
  assert.throws(() => parseReference('UPPER'), /repository name \(library\/UPPER\) must be lowercase/);
  assert.throws(() => parseReference('a'.repeat(64)), /64-byte hexadecimal/);
  for (const text of ['', ':', 'a:', 'a b', 'a:b c', '-a', 'a//b', 'a@sha256:12', 'a/../b', `a:${'x'.repeat(129)}`]) assert.throws(() => parseReference(text), /invalid reference format/, text);
});

test('patterns stop at slashes', () => {
  const holds = (glob: string, name: string): boolean => globToPattern(glob).test(name);
  assert.deepEqual([holds('busy*', 'busybox:1'), holds('*', 'a/b'), holds('*/b', 'a/b'), holds('b?x', 'bix'), holds('[a-c]x', 'bx'), holds('[^a]x', 'ax'), holds('a.b', 'axb')], [true, false, true, true, true, false, false]);
  assert.throws(() => globToPattern('[a'), /syntax error/);
});
