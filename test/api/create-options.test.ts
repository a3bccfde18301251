import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerCreateRequest, ContainerCreateResponse, HostConfig } from '../../src/api/wire/container.ts';
import { onEveryEndpoint } from './endpoint.ts';

const MIB = 1024 * 1024;

/** What is refused, and how. dockerd finds some of it at the start only. */
const REFUSED: readonly [HostConfig, RegExp][] = [
  [{ Memory: 1 }, /^Minimum memory limit allowed is 6MB$/],
  [{ MemorySwap: 9 * MIB }, /^You should always set the Memory limit when using Memoryswap limit, see usage$/],
  [{ Memory: 64 * MIB, MemorySwap: 32 * MIB }, /^Minimum memoryswap limit should be larger than memory limit, see usage$/],
  [{ Memory: 64 * MIB, MemoryReservation: 65 * MIB }, /^Minimum memory limit can not be less than memory reservation limit, see usage$/],
  [{ MemoryReservation: 1 }, /^Minimum memory reservation allowed is 6MB$/],
  [{ NanoCpus: -1 }, /^Range of CPUs is from 0\.01 to/],
  [{ NanoCpus: 1e9, CpuPeriod: 10_000 }, /^Conflicting options: Nano CPUs and CPU Period cannot both be set$/],
  [{ NanoCpus: 1e9, CpuQuota: 10_000 }, /^Conflicting options: Nano CPUs and CPU Quota cannot both be set$/],
  [{ CpuPeriod: 10 }, /^CPU cfs period can not be less than 1ms/],
  [{ CpuQuota: 10 }, /^CPU cfs quota can not be less than 1ms/],
  [{ CpuShares: -1 }, /^shares: invalid argument$/],
  [{ CpusetCpus: '4000' }, /^Requested CPUs are not available - requested 4000, available: /],
  [{ CpusetCpus: 'x' }, /^Invalid value x for cpuset cpus: invalid format: x$/],
  [{ CpusetMems: '4000' }, /^Requested memory nodes are not available - requested 4000, available: /],
  [{ OomScoreAdj: 2000 }, /^Invalid value 2000, range for oom score adj is \[-1000, 1000\]$/],
  [{ ShmSize: -1 }, /^SHM size can not be less than 0$/],
  [{ CgroupnsMode: 'some' }, /^invalid cgroup namespace mode: some$/],
  [{ IpcMode: 'some' }, /^invalid IPC mode: some$/i],
  [{ NetworkMode: 'container:' }, /^Invalid network mode: invalid container format container:<name\|id>$/i],
  [{ NetworkMode: 'container:x', PortBindings: { '80/tcp': [{}] } }, /^conflicting options: port publishing and the container type network mode$/],
  [{ NetworkMode: 'container:x', Dns: ['192.0.2.1'] }, /^conflicting options: dns and the network mode$/],
  [{ NetworkMode: 'container:x', ExtraHosts: ['a:192.0.2.1'] }, /^conflicting options: custom host-to-IP mapping and the network mode$/],
  [{ NetworkMode: 'host', Links: ['a:b'] }, /^conflicting options: host type networking can't be used with links\./],
  [{ SecurityOpt: ['some'] }, /^invalid --security-opt 1: "some"$/],
  [{ SecurityOpt: ['some=thing'] }, /^invalid --security-opt 2: "some=thing"$/],
  [{ SecurityOpt: ['seccomp={'] }, /^Decoding seccomp profile failed: /i],
  [{ SecurityOpt: ['no-new-privileges=perhaps'] }, /^invalid --security-opt 2: "no-new-privileges=perhaps"$/],
  [{ CapAdd: ['SOME'] }, /^invalid CapAdd: unknown capability: "CAP_SOME"$/],
  [{ CapDrop: ['some'] }, /^invalid CapDrop: unknown capability: "CAP_SOME"$/],
  [{ Sysctls: { 'kernel.some': '1' } }, /sysctl "kernel\.some" is not in a separate kernel namespace/],
  [{ Devices: [{ PathOnHost: '/dev/nobody', PathInContainer: '/dev/x', CgroupPermissions: 'rwm' }] }, /^error gathering device information while adding custom device "\/dev\/nobody": no such file or directory$/],
  [{ DeviceCgroupRules: ['c 1:2 rwm', 'some'] }, /^invalid device cgroup rule format: 'some'$/],
  [{ BlkioDeviceReadBps: [{ Path: '/dev/nobody', Rate: 1024 }] }, /stat \/dev\/nobody: no such file or directory$/],
  [{ StorageOpt: { some: '1' } }, /^Unknown option some$/i],
  [{ RestartPolicy: { Name: 'sometimes' } }, /invalid restart policy/],
  [{ RestartPolicy: { Name: 'always', MaximumRetryCount: 2 } }, /maximum retry count cannot be used with restart policy 'always'/],
  [{ RestartPolicy: { Name: 'on-failure', MaximumRetryCount: -2 } }, /maximum retry count cannot be negative/],
  [{ AutoRemove: true, RestartPolicy: { Name: 'always' } }, /^can't create 'AutoRemove' container with restart policy$/],
  [{ ExtraHosts: ['some'] }, /^bad format for add-host: "some"$/],
  [{ ExtraHosts: ['a:b'] }, /^invalid IP address in add-host: "b"$/],
  [{ LogConfig: { Type: 'some' } }, /^error looking up logging plugin some: plugin "some" not found$/],
];

const REFUSED_CONFIGS: readonly [ContainerCreateRequest, RegExp][] = [
  [{ Hostname: 'x', HostConfig: { UTSMode: 'host' } }, /^conflicting options: hostname and the UTS mode$/],
  [{ Hostname: 'x', HostConfig: { NetworkMode: 'container:x' } }, /^conflicting options: hostname and the network mode$/],
  [{ ExposedPorts: { '80/tcp': {} }, HostConfig: { NetworkMode: 'container:x' } }, /^conflicting options: port exposing and the container type network mode$/],
  [{ Healthcheck: { Interval: 10 } }, /^Interval in Healthcheck cannot be less than 1ms$/],
  [{ Healthcheck: { Test: ['CMD', 'true'], Timeout: -1 } }, /^Timeout in Healthcheck cannot be less than 1ms$/],
  [{ Healthcheck: { StartPeriod: 1 } }, /^StartPeriod in Healthcheck cannot be less than 1ms$/],
  [{ Healthcheck: { Retries: -1 } }, /^Retries in Healthcheck cannot be negative$/],
  [{ WorkingDir: 'some' }, /^the working directory 'some' is invalid, it needs to be an absolute path$/],
  [{ StopSignal: 'SOME' }, /^Invalid signal: SOME$/i],
  [{ Env: ['=x'] }, /^invalid environment variable: =x$/],
];

onEveryEndpoint('options of create', (endpoint) => {
  for (const [request, text] of [...REFUSED.map(([host, text]) => [{ HostConfig: host }, text] as const), ...REFUSED_CONFIGS]) {
    test(`refused: ${JSON.stringify(request).slice(0, 100)}`, async () => {
      const { api } = endpoint();
      let reply = await api.post('/containers/create', { Image: 'busybox', Cmd: ['true'], ...request });
      if (reply.status === 201) {
        const { Id: id } = reply.as<ContainerCreateResponse>();
        reply = await api.post(`/containers/${id}/start`);
        await api.delete(`/containers/${id}?force=1`);
      }
      assert.ok(reply.status >= 400, reply.text);
      assert.match(reply.message, text);
    });
  }

  test('warnings', async () => {
    const warnings = async (host: HostConfig): Promise<string[]> => {
      const reply = await endpoint().api.post('/containers/create', { Image: 'busybox', Cmd: ['true'], HostConfig: host });
      assert.equal(reply.status, 201, reply.text);
      const { Id: id, Warnings: list } = reply.as<ContainerCreateResponse>();
      await endpoint().api.delete(`/containers/${id}`);
      return list;
    };
    assert.deepEqual(await warnings({ NetworkMode: 'host', PortBindings: { '80/tcp': [{}] } }), ['Published ports are discarded when using host network mode']);
    assert.match((await warnings({ OomKillDisable: true }))[0] ?? '', /^(?:OOM killer is disabled for the container, but no memory limit is set|Your kernel does not support OomKillDisable)/);
    assert.deepEqual(await warnings({ Memory: 64 * MIB, MemorySwappiness: -1 }), []);
  });

  test('inspect shows every option, with the value that nobody chose', async () => {
    await using container = await endpoint().container({ Cmd: ['true'], HostConfig: { Memory: 64 * MIB } });
    const { HostConfig: host } = await container.inspect();
    const expected: HostConfig = {
      Binds: null, CapAdd: null, CapDrop: null, CgroupParent: '', CpuPeriod: 0, CpuQuota: 0, CpuShares: 0, CpusetCpus: '', CpusetMems: '', Memory: 64 * MIB, MemoryReservation: 0,
      MemorySwap: 128 * MIB, MemorySwappiness: null, NanoCpus: 0, OomScoreAdj: 0, PidMode: '', PidsLimit: null, Privileged: false, PublishAllPorts: false, ReadonlyRootfs: false,
      SecurityOpt: null, ShmSize: 64 * MIB, UTSMode: '', UsernsMode: '', VolumesFrom: null, IpcMode: 'private', Links: null, AutoRemove: false,
    };
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, host[key as keyof HostConfig] ?? null])), expected);
    assert.ok(host.MaskedPaths?.includes('/proc/kcore') && host.ReadonlyPaths?.includes('/proc/sys'));
  });
});
