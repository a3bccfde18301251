import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { isPresent } from './host-packages.ts';
import { cpio } from './cpio.ts';

const entries = [
  { path: 'dev', type: 'directory' as const },
  { path: 'dev/console', type: 'character-device' as const, major: 5, minor: 1 },
  { path: 'init', type: 'file' as const, data: Buffer.from('#!/bin/sh\n'), executable: true },
];

test('the same members are the same bytes, in whole blocks', () => {
  assert.deepEqual(cpio(entries), cpio(entries));
  assert.equal(cpio(entries).length % 512, 0);
});

test('cpio reads what was written', { skip: isPresent('cpio') ? false : 'needs the cpio command' }, () => {
  const listing = execFileSync('cpio', ['-itvn', '--quiet'], { input: cpio(entries), encoding: 'utf8' }).trim().split('\n');
  assert.match(listing[0] ?? '', /^drwxr-xr-x .* dev$/);
  assert.match(listing[1] ?? '', /^crw------- .* 5, +1 .* dev\/console$/);
  assert.match(listing[2] ?? '', /^-rwxr-xr-x .* 10 .* init$/);
  assert.equal(listing.length, 3);
});
