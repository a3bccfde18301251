import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from '../../api/errors.ts';
import { parseBind, wantedMounts } from './mount-specs.ts';

test('-v in its forms', () => {
  assert.deepEqual([parseBind('/a/../b:/c/').source, parseBind('/a:/c/').destination, parseBind('/a:/b:ro,z').readOnly], ['/b', '/c', true]);
  assert.equal(parseBind('data:/d:nocopy').noCopy, true);
  assert.equal(parseBind('data:/d').type, 'volume');
  assert.equal(parseBind('/d').source, undefined);
  assert.equal(parseBind('/a:/b:rshared').propagation, 'rshared');
  for (const bad of ['', 'a:b', 'a/b:/c', '/a:/b:xx', '/a:/b:ro:z', ':/x', '/a:', '/a:/', 'x:/c']) assert.throws(() => parseBind(bad), InvalidArgumentError, bad);
});

test('--mount, tmpfs and VOLUME together', () => {
  const mounts = wantedMounts({ Volumes: { '/a': {}, '/e': {} } }, {
    Binds: ['/src:/a'], Tmpfs: { '/t': 'size=1m,noexec' },
    Mounts: [{ Type: 'bind', Source: '/x', Target: '/b', ReadOnly: true }, { Type: 'volume', Target: '/c', VolumeOptions: { NoCopy: true } }, { Type: 'tmpfs', Target: '/d', TmpfsOptions: { SizeBytes: 4096, Mode: 0o1777 } }],
  });
  assert.deepEqual(mounts.map((mount) => [mount.type, mount.destination]), [['bind', '/a'], ['bind', '/b'], ['volume', '/c'], ['tmpfs', '/d'], ['tmpfs', '/t'], ['volume', '/e']]);
  assert.deepEqual(mounts[3]?.tmpfsOptions, ['size=4096', 'mode=1777']);
  assert.equal(mounts[1]?.createSource, false);
  assert.equal(mounts[0]?.createSource, true);
});

test('collisions and nonsense', () => {
  assert.throws(() => wantedMounts({}, { Binds: ['/a:/x', 'v1:/x'] }), /Duplicate mount point: \/x/);
  assert.throws(() => wantedMounts({}, { Mounts: [{ Type: 'bind', Source: 'rel', Target: '/x' }] }), /must be absolute/);
  assert.throws(() => wantedMounts({}, { Mounts: [{ Type: 'npipe', Source: '/x', Target: '/x' }] }), /mount type unknown/);
  assert.throws(() => wantedMounts({}, { Mounts: [{ Type: 'volume', Target: '' }] }), /Target must not be empty/);
});
