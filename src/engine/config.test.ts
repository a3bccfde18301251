import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { InvalidArgumentError } from '../api/errors.ts';
import { loadConfig, parseFile, parseFlags, parseHost, validate } from './config.ts';

test('flags', () => {
  const values = parseFlags(['--data-root=/d', '--exec-root', '/e', '-H', 'unix:///a', '--host', 'unix:///b', '--live-restore', '-D', '--registry-mirror', 'http://m']);
  assert.deepEqual([values.get('data-root'), values.get('exec-root'), values.get('hosts'), values.get('live-restore')], ['/d', '/e', ['unix:///a', 'unix:///b'], true]);
  const config = validate(values, undefined);
  assert.deepEqual([config.dataRoot, config.logLevel, config.registryMirrors], ['/d', 'debug', ['http://m/']]);
  for (const bad of [['--nope'], ['x'], ['--data-root'], ['--live-restore=maybe']]) assert.throws(() => parseFlags(bad), InvalidArgumentError, bad.join(' '));
});

test('daemon.json', () => {
  assert.throws(() => parseFile('f', '{"bib":1,"bip":"x"}'), /don't match any configuration option: bib/);
  assert.throws(() => parseFile('f', '{"bip":1}'), /bip in f must be a string/);
  assert.throws(() => parseFile('f', '{"hosts":"x"}'), /hosts in f must be a list/);
  assert.throws(() => parseFile('f', '{'), /is no JSON/);
  assert.throws(() => parseFile('f', '[]'), /one JSON object/);
  assert.equal(parseFile('f', '').size, 0);
});

test('a value has one home', () => {
  const directory = mkdtempSync(join(tmpdir(), 'strata-config-'));
  try {
    const path = join(directory, 'daemon.json');
    writeFileSync(path, '{"bip":"10.9.0.1/24"}');
    assert.equal(loadConfig(['--config-file', path]).bip, '10.9.0.1/24');
    assert.throws(() => loadConfig(['--config-file', path, '--bip', '10.8.0.1/24']), /both as a flag and in the configuration file: bip/);
    assert.throws(() => loadConfig(['--config-file', join(directory, 'none')]), /cannot read the configuration file/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('values that cannot be', () => {
  const bad: [string, unknown][] = [
    ['data-root', 'relative'], ['bip', '10.0.0.0/24'], ['bip', '10.0.0.1/31'], ['bip', 'x'], ['default-runtime', 'kata'], ['log-level', 'loud'], ['mtu', 1.5], ['storage-driver', 'zfs'],
    ['registry-mirrors', ['ftp://x']], ['registry-mirrors', ['http://u@x/']], ['hosts', ['tcp://0.0.0.0:2375']], ['hosts', ['fd://3']], ['hosts', [`unix:///${'x'.repeat(120)}`]], ['tlskey', '/k'],
  ];
  for (const [key, value] of bad) assert.throws(() => validate(new Map([[key, value]]), undefined), InvalidArgumentError, key);
});

test('hosts', () => {
  assert.deepEqual(parseHost('tcp://127.0.0.1:2376'), { kind: 'tcp', host: '127.0.0.1', port: 2376 });
  assert.deepEqual(parseHost('tcp://[::1]:2376'), { kind: 'tcp', host: '::1', port: 2376 });
  assert.deepEqual(parseHost('fd://'), { kind: 'inherited' });
});
