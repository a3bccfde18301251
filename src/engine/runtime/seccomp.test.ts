import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { chosenSeccompProfile, parseSeccompProfile, seccompFor } from './seccomp.ts';

const profile = parseSeccompProfile(JSON.stringify({
  defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 38,
  archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
  syscalls: [
    { names: ['read'], action: 'SCMP_ACT_ALLOW', args: [], includes: {}, excludes: {} },
    { names: ['mount'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
    { names: ['mount'], action: 'SCMP_ACT_ERRNO', errnoRet: 1, excludes: { caps: ['CAP_SYS_ADMIN'] } },
    { names: ['arch_prctl'], action: 'SCMP_ACT_ALLOW', includes: { arches: ['amd64'] } },
    { names: ['personality'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 8, op: 'SCMP_CMP_EQ' }] },
  ],
}), 'test');

test('rules hold by capability and architecture', () => {
  const plain = seccompFor(profile, { capabilities: [], architecture: 'amd64' });
  assert.deepEqual(plain.architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']);
  assert.deepEqual(plain.syscalls.map((rule) => [rule.names[0], rule.action]), [
    ['read', 'SCMP_ACT_ALLOW'], ['mount', 'SCMP_ACT_ERRNO'], ['arch_prctl', 'SCMP_ACT_ALLOW'], ['personality', 'SCMP_ACT_ALLOW'],
  ]);
  const admin = seccompFor(profile, { capabilities: ['CAP_SYS_ADMIN'], architecture: 'arm64' });
  assert.deepEqual(admin.syscalls.map((rule) => [rule.names[0], rule.action]), [['read', 'SCMP_ACT_ALLOW'], ['mount', 'SCMP_ACT_ALLOW'], ['personality', 'SCMP_ACT_ALLOW']]);
  assert.deepEqual(admin.architectures, ['SCMP_ARCH_AARCH64']);
});

test('the option chooses: unconfined, given, default; privileged has none by default', () => {
  assert.equal(chosenSeccompProfile(['seccomp=unconfined'], false, profile), undefined);
  assert.equal(chosenSeccompProfile([], false, profile), profile);
  assert.equal(chosenSeccompProfile([], true, profile), undefined);
  assert.equal(chosenSeccompProfile(['seccomp={"defaultAction":"SCMP_ACT_LOG"}'], true, undefined)?.defaultAction, 'SCMP_ACT_LOG');
  assert.throws(() => chosenSeccompProfile(['seccomp=/etc/x.json'], false, profile), /invalid seccomp profile given by --security-opt: not JSON/);
});

test('Debian\'s profile is read', { skip: existsSync('/usr/share/containers/seccomp.json') ? false : 'needs golang-github-containers-common' }, () => {
  const debian = parseSeccompProfile(readFileSync('/usr/share/containers/seccomp.json', 'utf8'), 'debian');
  const filter = seccompFor(debian, { capabilities: ['CAP_SYS_CHROOT'], architecture: 'amd64' });
  assert.ok(filter.syscalls.some((rule) => rule.names.includes('chroot') && rule.action === 'SCMP_ACT_ALLOW'));
  assert.ok(filter.syscalls.some((rule) => rule.names.includes('init_module') && rule.action === 'SCMP_ACT_ERRNO'));
});
