import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { configArchive } from './config-archive.ts';

test('tar reads it back', () => {
  const archive = configArchive({ 'config.json': '{}', authorized_keys: 'x'.repeat(513), 'daemon.json': '' });
  assert.equal(archive.length % 512, 0);
  assert.equal(execFileSync('tar', ['-tf', '-'], { input: archive }).toString(), 'config.json\nauthorized_keys\ndaemon.json\n');
  assert.equal(execFileSync('tar', ['-xOf', '-', 'authorized_keys'], { input: archive }).toString(), 'x'.repeat(513));
});

test('the same files give the same bytes', () => {
  assert.deepEqual(configArchive({ a: '1' }), configArchive({ a: '1' }));
});
