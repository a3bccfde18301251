import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidArgumentError, NotImplementedError } from '../errors.ts';
import { formatEndpoint, parseEndpoint } from './endpoint.ts';

describe('parseEndpoint', () => {
  const good: readonly [string, ReturnType<typeof parseEndpoint>, string?][] = [
    ['unix:///run/docker.sock', { kind: 'unix', path: '/run/docker.sock' }],
    ['npipe:////./pipe/docker_engine', { kind: 'pipe', path: '\\\\.\\pipe\\docker_engine' }],
    ['tcp://localhost:2376', { kind: 'tcp', host: 'localhost', port: 2376 }],
    ['tcp://10.0.0.7', { kind: 'tcp', host: '10.0.0.7', port: 2375 }, 'tcp://10.0.0.7:2375'],
    ['tcp://[::1]:99/', { kind: 'tcp', host: '::1', port: 99 }, 'tcp://[::1]:99'],
  ];
  for (const [text, endpoint, formatted] of good) {
    test(text, () => {
      assert.deepEqual(parseEndpoint(text), endpoint);
      assert.equal(formatEndpoint(endpoint), formatted ?? text);
    });
  }

  for (const text of ['', '/run/docker.sock', 'unix://', 'npipe://', 'tcp://', 'tcp://host:0', 'tcp://host:99999', 'tcp://host:80/path', 'tcp://a b:c', 'fd://', 'gopher://x']) {
    test(`refuses ${JSON.stringify(text)}`, () => { assert.throws(() => parseEndpoint(text), InvalidArgumentError); });
  }

  test('ssh is known and not there', () => { assert.throws(() => parseEndpoint('ssh://me@host'), NotImplementedError); });
});
