import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerConfig, HostConfig } from '../../api/wire/container.ts';
import { effectiveCapabilities } from './capabilities.ts';
import { buildSpec, environment } from './spec.ts';

const EVERYTHING = (1n << 41n) - 1n;

function spec(config: ContainerConfig = {}, hostConfig: HostConfig = {}, uid = 0) {
  return buildSpec({
    containerId: 'abc', config, hostConfig, args: ['true'], hostname: 'box', rootfs: '/r', user: { uid, gid: 0, additionalGids: [], home: '/root' },
    networkNamespace: '/run/netns/x', mounts: [], cgroupVersion: 2, boundingCapabilities: EVERYTHING,
  });
}

test('the environment: defaults, replaced, removed, in order', () => {
  assert.deepEqual(
    environment({ tty: true, hostname: 'box', home: '/root', env: ['A=1', 'PATH=/x', 'A=2=3', 'TERM', 'EMPTY='] }),
    ['PATH=/x', 'HOSTNAME=box', 'A=2=3', 'EMPTY=', 'HOME=/root'],
  );
  assert.ok(environment({ tty: false, hostname: 'b', home: '/h', env: ['HOME=/mine'] }).includes('HOME=/mine'));
});

test('a container has its own namespaces unless it shares the host\'s', () => {
  assert.deepEqual(spec().linux.namespaces.map((namespace) => namespace.type), ['mount', 'network', 'uts', 'pid', 'ipc', 'cgroup']);
  const shared = spec({}, { PidMode: 'host', IpcMode: 'host', UTSMode: 'host', CgroupnsMode: 'host' });
  assert.deepEqual(shared.linux.namespaces.map((namespace) => namespace.type), ['mount', 'network']);
  assert.equal(shared.hostname, undefined);
});

test('limits of zero are no limits; memory alone allows as much swap again', () => {
  assert.deepEqual(Object.keys(spec({}, { Memory: 0, NanoCpus: 0, PidsLimit: 0 }).linux.resources), ['devices']);
  assert.deepEqual(spec({}, { Memory: 1000 }).linux.resources.memory, { limit: 1000, swap: 2000 });
  assert.deepEqual(spec({}, { NanoCpus: 1_500_000_000 }).linux.resources.cpu, { period: 100_000, quota: 150_000 });
  assert.deepEqual(spec({}, { PidsLimit: 7 }).linux.resources.pids, { limit: 7 });
});

test('privileged: every capability, every device, nothing masked, writable sysfs', () => {
  const privileged = spec({}, { Privileged: true });
  assert.equal(privileged.process.capabilities.bounding.length, 41);
  assert.deepEqual(privileged.linux.resources.devices, [{ allow: true, access: 'rwm' }]);
  assert.equal(privileged.linux.maskedPaths, undefined);
  assert.ok(privileged.mounts.find((mount) => mount.destination === '/sys')?.options.includes('rw'));
});

test('another user than root starts without effective capabilities', () => {
  assert.deepEqual(spec({}, {}, 1000).process.capabilities.effective, []);
  assert.ok(spec({}, {}, 1000).process.capabilities.bounding.includes('CAP_CHOWN'));
});

test('capabilities: add, drop, all, spellings, unknown', () => {
  const of = (add: string[], drop: string[]) => effectiveCapabilities({ add, drop, privileged: false, bounding: EVERYTHING });
  assert.equal(of([], []).length, 14);
  assert.ok(of(['net_admin'], []).includes('CAP_NET_ADMIN'));
  assert.ok(!of([], ['CAP_CHOWN']).includes('CAP_CHOWN'));
  assert.deepEqual(of(['CHOWN'], ['ALL']), ['CAP_CHOWN']);
  assert.equal(of(['ALL'], ['SYS_ADMIN']).length, 40);
  assert.throws(() => of(['FLY'], []), /invalid capability: "FLY"/);
});

test('a mount over a standard place replaces it', () => {
  const mounts = buildSpec({
    containerId: 'a', config: {}, hostConfig: {}, args: ['x'], hostname: 'h', rootfs: '/r', user: { uid: 0, gid: 0, additionalGids: [], home: '/' }, networkNamespace: undefined,
    mounts: [{ destination: '/dev/shm', type: 'bind', source: '/x', options: ['rbind'] }], cgroupVersion: 1, boundingCapabilities: 0n,
  }).mounts.filter((mount) => mount.destination === '/dev/shm');
  assert.deepEqual(mounts.map((mount) => mount.source), ['/x']);
});

test('device rules are parsed or refused by name', () => {
  assert.ok(spec({}, { DeviceCgroupRules: ['c 1:3 mr'] }).linux.resources.devices.some((rule) => rule.major === 1 && rule.access === 'mr'));
  assert.throws(() => spec({}, { DeviceCgroupRules: ['x 1 rw'] }), /invalid device cgroup rule format: 'x 1 rw'/);
  assert.throws(() => spec({}, { Devices: [{ PathOnHost: '/dev/nosuch' }] }), /"\/dev\/nosuch"/);
});
