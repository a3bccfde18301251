import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerName, exitCode, health, shownPorts } from './container.ts';
import { imageName, imageNames } from './image.ts';
import { jsonTokens } from './json-tokens.ts';
import { formatAge, formatBinary, formatBytes, formatDuration } from './quantity.ts';

test('names, states and health from what docker writes', () => {
  assert.equal(containerName({ Id: 'abcdef0123456789', Names: ['/web'] }), 'web');
  assert.equal(containerName({ Id: 'abcdef0123456789', Names: [] }), 'abcdef012345');
  assert.deepEqual(['Exited (137) 3 minutes ago', 'Up 3 minutes', 'Created'].map(exitCode), [137, undefined, undefined]);
  assert.deepEqual(['Up 1 second (unhealthy)', 'Up 1 second (health: starting)', 'Up 1 second'].map(health), ['unhealthy', 'starting', undefined]);
  assert.deepEqual(imageNames({ RepoTags: ['<none>:<none>'] }), []);
  assert.equal(imageName({ Id: 'sha256:abcdef0123456789', RepoTags: [] }), 'abcdef012345');
});

test('ports: published first, both address families once, only TCP as a link', () => {
  assert.deepEqual(shownPorts([
    { PrivatePort: 9000, Type: 'tcp' }, { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' }, { IP: '::', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { IP: '192.168.1.5', PrivatePort: 53, PublicPort: 5353, Type: 'udp' },
  ]), [
    { label: '5353 → 53/udp', href: undefined }, { label: '8080 → 80/tcp', href: 'http://localhost:8080/' }, { label: '9000/tcp', href: undefined },
  ]);
});

test('quantities in both languages', () => {
  assert.deepEqual([0, 999, 4_260_000, 68_700_000_000].map((bytes) => formatBytes(bytes, 'en')), ['0 byte', '999 byte', '4.26 MB', '68.7 GB']);
  assert.deepEqual([2 * 1024 ** 3, 1536].map((bytes) => formatBinary(bytes, 'en')), ['2 GiB', '1.5 KiB']);
  assert.deepEqual([0, 61, 7200, 90_000].map((seconds) => formatAge(seconds, 'en')), ['0 seconds ago', '1 minute ago', '2 hours ago', '1 day ago']);
  assert.equal(formatAge(61, 'zh-CN'), '1分钟前');
  assert.deepEqual([840, 4230, 125_000, 3_700_000].map((ms) => formatDuration(ms, 'en')), ['840ms', '4.2s', '2m 5s', '1h 1m']);
});

test('JSON is coloured without being changed', () => {
  const json = JSON.stringify({ a: 'x "quoted": 1', n: -1.5e3, t: true, z: null, list: [1, 'b'] }, null, 2);
  const tokens = jsonTokens(json);
  assert.equal(tokens.map(({ text }) => text).join(''), json);
  assert.deepEqual(tokens.filter(({ kind }) => kind === 'key').map(({ text }) => text), ['"a"', '"n"', '"t"', '"z"', '"list"']);
});
