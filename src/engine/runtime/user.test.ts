import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolveUser, resolveUserIn } from './user.ts';

const passwd = [['root', 'x', '0', '0', 'root', '/root', '/bin/sh'], ['web', 'x', '100', '101', '', '/srv', '/bin/false']];
const groups = [['root', 'x', '0', ''], ['web', 'x', '101', ''], ['mail', 'x', '8', 'web,root'], ['adm', 'x', '4', 'web']];
const resolve = (userPart: string, groupPart = '', extraGroups: string[] = []) => resolveUserIn(passwd, groups, { userPart, groupPart, extraGroups });

test('a name brings its uid, gid, memberships and home', () => {
  assert.deepEqual(resolve('web'), { uid: 100, gid: 101, additionalGids: [8, 4], home: '/srv' });
});

test('nothing means root', () => {
  assert.deepEqual(resolve(''), { uid: 0, gid: 0, additionalGids: [8], home: '/root' });
});

test('a number without an entry has gid 0 and home /', () => {
  assert.deepEqual(resolve('4242'), { uid: 4242, gid: 0, additionalGids: [], home: '/' });
});

test('an explicit group replaces the memberships', () => {
  assert.deepEqual(resolve('web', 'mail', ['adm', '77']), { uid: 100, gid: 8, additionalGids: [4, 77], home: '/srv' });
});

test('unknown names are named', () => {
  assert.throws(() => resolve('nobody'), /unable to find user nobody/);
  assert.throws(() => resolve('web', 'ghosts'), /unable to find group ghosts/);
  assert.throws(() => resolve('99999999999'), /range/);
});

test('the image cannot point passwd at the host: links resolve inside its root', () => {
  const root = mkdtempSync(join(tmpdir(), 'strata-user-'));
  try {
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, 'secret'), 'inside:x:7:7::/in:\n');
    symlinkSync('/secret', join(root, 'etc/passwd'));
    symlinkSync('../../../../../../etc/group', join(root, 'etc/group'));
    assert.equal(resolveUser(root, 'inside').uid, 7);
    assert.throws(() => resolveUser(root, 'inside:root'), /unable to find group root/);
  } finally {
    rmSync(root, { recursive: true });
  }
});
