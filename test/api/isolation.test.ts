import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostConfig } from '../../src/api/wire/container.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { onEveryEndpoint } from './endpoint.ts';

const MIB = 1024 * 1024;

onEveryEndpoint('isolation, as the container sees it', (endpoint) => {
  /** What a command writes in a container with these options. */
  const see = async (host: HostConfig, command: string): Promise<string> => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', command], HostConfig: host });
    await container.wait();
    return (await endpoint().docker.ok('logs', container.id)).trim();
  };

  test('ulimits, kernel parameters, shared memory', async () => {
    assert.equal(await see({ Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }] }, 'ulimit -Sn; ulimit -Hn'), '100\n200');
    assert.equal(await see({ Sysctls: { 'net.ipv4.ip_default_ttl': '33' } }, 'cat /proc/sys/net/ipv4/ip_default_ttl'), '33');
    assert.equal(await see({ ShmSize: 8 * MIB }, 'df -k /dev/shm | tail -1 | awk "{ print \\$2 }"'), '8192');
  });

  test('privileges: none new, capabilities, system calls', async () => {
    assert.equal(await see({ SecurityOpt: ['no-new-privileges'] }, 'grep NoNewPrivs /proc/self/status'), 'NoNewPrivs:\t1');
    assert.equal(await see({ CapDrop: ['ALL'], CapAdd: ['chown'] }, 'grep CapEff /proc/self/status'), 'CapEff:\t0000000000000001');
    assert.equal(await see({}, 'grep Seccomp: /proc/self/status'), 'Seccomp:\t2');
    assert.equal(await see({ SecurityOpt: ['seccomp=unconfined'] }, 'grep Seccomp: /proc/self/status'), 'Seccomp:\t0');
    const profile = JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', args: [] }] });
    assert.equal(await see({ SecurityOpt: [`seccomp=${profile}`] }, 'mkdir /x 2>/dev/null || echo refused'), 'refused');
  });

  test('devices, and what the rules allow', async () => {
    assert.equal(await see({ Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/nothing', CgroupPermissions: 'rwm' }] }, 'echo x > /dev/nothing && ls -l /dev/nothing | cut -c1'), 'c');
    const fuse = 'mknod /fuse c 10 229; (: < /fuse) 2>&1 | grep -o "not permitted" || echo open';
    assert.equal(await see({}, fuse), 'not permitted');
    assert.notEqual(await see({ DeviceCgroupRules: ['c 10:229 rwm'] }, fuse), 'not permitted');
    // dockerd hands on capabilities that it has not got itself, where it runs in a container.
    if (endpoint().kind === 'dockerd') return;
    const [some, all] = await Promise.all([see({}, 'ls /dev | wc -l'), see({ Privileged: true }, 'ls /dev | wc -l')]);
    assert.ok(Number(all) > Number(some), `${all} > ${some}`);
  });

  test('a parent for its cgroup, and a process 1 that reaps', async () => {
    assert.match(await see({ CgroupParent: '/strata-test-parent' }, 'cat /proc/self/cgroup'), /\/strata-test-parent\/[0-9a-f]{64}/);
    assert.match(await see({ Init: true }, 'cat /proc/1/comm; cat /proc/1/cmdline | tr "\\0" " "'), /^(?:docker-init|catatonit)\n\/sbin\/docker-init -- sh -c/);
  });

  test('paths that are hidden or read-only', async () => {
    assert.equal(await see({}, 'echo 1 2>/dev/null > /proc/sys/kernel/domainname && echo written || echo refused; wc -c < /proc/keys'), 'refused\n0');
    assert.match(await see({ MaskedPaths: [], ReadonlyPaths: [] }, 'mount | grep -c "on /proc/" || true'), /^0$/);
  });

  test('a process that takes more memory than it may is killed, and it is known why', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'exec tail /dev/zero'], HostConfig: { Memory: 16 * MIB, MemorySwap: 16 * MIB } });
    assert.equal(await container.wait(), 137);
    const { State: state } = await container.inspect();
    assert.deepEqual([state.OOMKilled, state.ExitCode], [true, 137]);
    await waitUntil('the event', async () => (await endpoint().docker.ok('events', '--since', '5m', '--until', '0s', '--filter', `container=${container.id}`, '--format', '{{.Action}}')).split('\n').includes('oom'));
  });
});
