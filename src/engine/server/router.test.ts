import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError, NotFoundError } from '../../api/errors.ts';
import type { Route } from './route.ts';
import { Router } from './router.ts';

const route = (method: Route['method'], path: string): Route => ({ method, path, handler: () => undefined });
const router = new Router([
  route('GET', '/_ping'), route('GET', '/images/{name*}/json'), route('GET', '/images/json'), route('DELETE', '/images/{name*}'),
  route('GET', '/containers/{id}/json'), route('POST', '/images/{name*}/tag'),
]);

test('matches with and without version', () => {
  assert.equal(router.match('GET', '/_ping').route.path, '/_ping');
  const match = router.match('GET', '/v1.41/containers/a%20b/json');
  assert.deepEqual(match.params, { id: 'a b' });
  assert.deepEqual(match.version, { major: 1, minor: 41 });
  assert.deepEqual(router.match('GET', '/_ping').version, { major: 1, minor: 55 });
});

test('a starred parameter takes slashes', () => {
  assert.deepEqual(router.match('GET', '/v1.51/images/host:5000/a/b:c/json').params, { name: 'host:5000/a/b:c' });
  assert.equal(router.match('GET', '/images/json').route.path, '/images/json');
  assert.deepEqual(router.match('DELETE', '/images/a/b').params, { name: 'a/b' });
});

test('unknown path and wrong method are the same error', () => {
  for (const [method, path] of [['GET', '/nope'], ['POST', '/_ping'], ['GET', '/v1.41'], ['GET', '/containers//json']] as const) {
    assert.throws(() => router.match(method, path), (error) => error instanceof NotFoundError && error.message === 'page not found');
  }
});

test('versions outside the range are refused in dockerd\'s words', () => {
  assert.throws(() => router.match('GET', '/v1.23/_ping'), /client version 1\.23 is too old\. Minimum supported API version is 1\.24, please upgrade your client to a newer version/);
  assert.throws(() => router.match('GET', '/v1.99/_ping'), /client version 1\.99 is too new\. Maximum supported API version is 1\.55/);
  assert.throws(() => router.match('GET', '/v1.x/_ping'), NotFoundError);
  assert.throws(() => router.match('GET', '/v1..2/_ping'), InvalidArgumentError);
  assert.throws(() => router.match('GET', '/containers/%zz/json'), InvalidArgumentError);
});

test('two routes for one path are a mistake', () => {
  assert.throws(() => new Router([route('GET', '/a'), route('GET', '/a')]), /two routes/);
});
