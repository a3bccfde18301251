import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from '../../api/errors.ts';
import { digestOf } from '../content/digest.ts';
import { parseChallenges } from './challenge.ts';
import { decodeRegistryAuth, fingerprint, toCredentials } from './credentials.ts';
import { domainOfServer } from './endpoint.ts';
import { InsecureRegistries } from './insecure-registries.ts';
import { nextLink } from './paged-list.ts';
import { acceptable, choosePlatform, formatPlatform, parsePlatform } from './platform.ts';
import { parseRetryAfter, replyError, worthRetrying } from './registry-error.ts';
import { parseSearch, select } from './search-query.ts';
import { SharedWork } from './shared-work.ts';
import { TokenCache } from './token-cache.ts';

test('challenges', () => {
  assert.deepEqual(parseChallenges('Bearer realm="https://a/t",service="r,s",scope="repository:a\\"b:pull" , Basic realm=x'), [
    { scheme: 'bearer', parameters: { realm: 'https://a/t', service: 'r,s', scope: 'repository:a"b:pull' } }, { scheme: 'basic', parameters: { realm: 'x' } },
  ]);
  assert.deepEqual(parseChallenges('Negotiate, Basic'), [{ scheme: 'negotiate', parameters: {} }, { scheme: 'basic', parameters: {} }]);
  for (const odd of [undefined, '', '"', '=', 'a='.repeat(5000), 'Bearer realm="open']) assert.ok(Array.isArray(parseChallenges(odd)));
});

test('credentials: both alphabets, and nobody for what cannot be read', () => {
  const text = JSON.stringify({ username: 'ü?>', password: 'p~~?', serveraddress: 'x' });
  const wanted = { username: 'ü?>', password: 'p~~?', serverAddress: 'x' };
  assert.deepEqual(decodeRegistryAuth(Buffer.from(text).toString('base64url')), wanted);
  assert.deepEqual(decodeRegistryAuth(Buffer.from(text).toString('base64')), wanted);
  for (const bad of [undefined, '', '***', 'bm90IGpzb24', Buffer.from('[1]').toString('base64')]) assert.deepEqual(decodeRegistryAuth(bad), {});
  assert.deepEqual(toCredentials({ auth: Buffer.from('a:b:c').toString('base64') }), { username: 'a', password: 'b:c' });
  assert.notEqual(fingerprint({ username: 'a', password: 'bc' }), fingerprint({ username: 'ab', password: 'c' }));
});

test('insecure registries', async () => {
  const insecure = new InsecureRegistries(['plain.example', 'ported.example:5000', '10.1.0.0/16']);
  for (const yes of ['localhost:5000', '127.9.9.9', '[::1]:5000', 'plain.example:99', 'ported.example:5000', '10.1.2.3:80']) assert.equal(await insecure.includes(yes), true, yes);
  for (const no of ['ported.example', '10.2.0.1', '192.0.2.1:5000']) assert.equal(await insecure.includes(no), false, no);
  for (const bad of ['http://x', '10.0.0.0/33', 'a b', 'x/8']) assert.throws(() => new InsecureRegistries([bad]), InvalidArgumentError);
  assert.deepEqual(['https://index.docker.io/v1/', '', 'http://A.b:1/v2/'].map(domainOfServer), ['docker.io', 'docker.io', 'a.b:1']);
});

test('platforms', () => {
  const host = { os: 'linux', architecture: 'amd64' };
  assert.equal(formatPlatform(parsePlatform('linux/aarch64/v8', host)), 'linux/arm64');
  assert.equal(formatPlatform(parsePlatform('armhf', host)), 'linux/arm/v7');
  assert.equal(formatPlatform(parsePlatform('linux', host)), 'linux/amd64');
  for (const bad of ['', 'a/b/c/d', 'linux/..%', '/']) assert.throws(() => parsePlatform(bad, host), InvalidArgumentError);
  assert.deepEqual(acceptable({ os: 'linux', architecture: 'arm', variant: 'v7' }), ['linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5']);
  const entry = (architecture: string, variant?: string, annotations = {}): Parameters<typeof choosePlatform>[0][number] => ({ mediaType: 'm', digest: digestOf(architecture + (variant ?? '')), size: 1, annotations, platform: { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) } });
  const list = [entry('386'), entry('amd64'), entry('arm', 'v6'), entry('amd64', undefined, { 'vnd.docker.reference.type': 'attestation-manifest' })];
  assert.equal(choosePlatform(list, host), list[1]);
  assert.equal(choosePlatform(list, { os: 'linux', architecture: 'arm64' }), list[2]);
  assert.equal(choosePlatform(list, { os: 'linux', architecture: 's390x' }), undefined);
});

test('errors of registries', () => {
  const error = replyError({ status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN","message":"repository\\u001b[31m name not known"}]}', retryAfter: undefined }, 'x');
  assert.equal(error.message, 'name unknown: repository [31m name not known');
  assert.equal(replyError({ status: 502, body: '<html>', retryAfter: '7' }, 'manifest a:b').message, 'manifest a:b: registry answered with status 502');
  assert.equal(replyError({ status: 401, body: '{"details":"incorrect\\u001b[31m password"}', retryAfter: undefined }, 'x').message, 'unauthorized: incorrect [31m password');
  for (const odd of ['{"details":""}', '{"details":7}', '{"details":{}}', 'null']) assert.equal(replyError({ status: 401, body: odd, retryAfter: undefined }, 'x').message, 'unauthorized: authentication required', odd);
  assert.equal(worthRetrying(replyError({ status: 502, body: '', retryAfter: '7' }, 'x')), 7000);
  assert.equal(worthRetrying(replyError({ status: 429, body: '', retryAfter: '9999' }, 'x')), false);
  assert.equal(worthRetrying(error), false);
  assert.equal(parseRetryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 4000), 6000);
  assert.equal(parseRetryAfter('soon'), undefined);
  assert.equal(nextLink('</v2/_catalog?last=a&n=1>; rel="next"'), '/v2/_catalog?last=a&n=1');
});

test('searches', () => {
  const filters = { leastStars: 0 };
  assert.deepEqual(parseSearch('library/nginx', 0, filters), { domain: 'docker.io', term: 'nginx', limit: 25, filters });
  assert.deepEqual(parseSearch('localhost:5000/a/b', 3, filters), { domain: 'localhost:5000', term: 'a/b', limit: 3, filters });
  for (const limit of [-1, 101]) assert.throws(() => parseSearch('x', limit, filters), /outside the range of \[1, 100\]/);
  const result = { name: 'a', description: '', stars: 2, official: true, automated: false };
  assert.deepEqual(select([result, { ...result, stars: 1 }, { ...result, official: false }], parseSearch('a', 5, { leastStars: 2, official: true })), [result]);
});

test('tokens end before they end, and the oldest goes first', () => {
  let now = 0;
  const cache = new TokenCache({ limit: 2, now: () => now });
  cache.set('a', 'A', 60_000);
  cache.set('b', 'B', 60_000);
  assert.equal(cache.get('a'), 'A');
  cache.set('c', 'C', 60_000);
  assert.deepEqual(['a', 'b', 'c'].map((key) => cache.get(key)), ['A', undefined, 'C']);
  now = 55_000;
  assert.equal(cache.get('a'), undefined);
});

test('shared work is aborted when all have left, and not before', async () => {
  const shared = new SharedWork<number, string>();
  let aborted = false;
  const start = (_: unknown, signal: AbortSignal): Promise<string> => new Promise((_resolve, reject) => { signal.addEventListener('abort', () => { aborted = true; reject(new Error('ended')); }); });
  const [one, two] = [new AbortController(), new AbortController()];
  const first = shared.run('k', start, { onProgress: () => undefined, signal: one.signal });
  const second = shared.run('k', start, { onProgress: () => undefined, signal: two.signal });
  assert.deepEqual([first.joined, second.joined], [false, true]);
  one.abort(new Error('one'));
  await assert.rejects(first.result, /one/);
  assert.equal(aborted, false);
  two.abort(new Error('two'));
  await assert.rejects(second.result, /two/);
  await new Promise(setImmediate);
  assert.equal(aborted, true);
});
