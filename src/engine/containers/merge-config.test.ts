import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeConfig } from './merge-config.ts';

const image = { Cmd: ['serve'], Entrypoint: ['/app'], Env: ['PATH=/bin', 'A=1'], WorkingDir: '/srv', User: 'www', Labels: { a: '1', b: '2' }, Volumes: { '/data': {} }, ExposedPorts: { '80/tcp': {} }, StopSignal: 'SIGQUIT' };

test('an empty request takes the image\'s', () => {
  const merged = mergeConfig({ Image: 'x' }, image);
  assert.deepEqual([merged.Entrypoint, merged.Cmd, merged.WorkingDir, merged.User, merged.StopSignal], [['/app'], ['serve'], '/srv', 'www', 'SIGQUIT']);
  assert.deepEqual(merged.Env, ['PATH=/bin', 'A=1']);
  assert.deepEqual(merged.Volumes, { '/data': {} });
});

test('a request wins', () => {
  const merged = mergeConfig({ Cmd: ['x'], Env: ['A=2', 'C=3'], Labels: { b: '3' }, Volumes: { '/v': {} }, User: 'root', StopSignal: 'SIGTERM' }, image);
  assert.deepEqual([merged.Entrypoint, merged.Cmd, merged.User, merged.StopSignal], [['/app'], ['x'], 'root', 'SIGTERM']);
  assert.deepEqual(merged.Env, ['A=2', 'C=3', 'PATH=/bin']);
  assert.deepEqual(merged.Labels, { a: '1', b: '3' });
  assert.deepEqual(Object.keys(merged.Volumes ?? {}), ['/data', '/v']);
});

test('a new entrypoint drops the image\'s command', () => {
  assert.equal(mergeConfig({ Entrypoint: ['sh'] }, image).Cmd, null);
  assert.equal(mergeConfig({ Entrypoint: [''] }, image).Entrypoint, null);
  assert.deepEqual(mergeConfig({ Entrypoint: [''], Cmd: ['x'] }, image).Cmd, ['x']);
});
