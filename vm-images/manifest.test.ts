import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifest, type Manifest } from './manifest.ts';

const content = { arch: 'amd64' as const, inputs: 'i', packages: [], nodeVersion: '26.0.0' };

test('the version follows the files, in whatever order they come', () => {
  const a = { sha256: 'aa', bytes: 1 };
  const b = { sha256: 'bb', bytes: 2 };
  const version = (files: Manifest['files']): string => (JSON.parse(manifest({ ...content, files })) as Manifest).version;
  assert.equal(version({ vmlinuz: a, initrd: b }), version({ initrd: b, vmlinuz: a }));
  assert.notEqual(version({ vmlinuz: a, initrd: b }), version({ vmlinuz: a, initrd: a }));
  assert.match(version({ vmlinuz: a }), /^[0-9a-f]{16}$/);
});
