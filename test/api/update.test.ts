import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerUpdateRequest } from '../../src/api/wire/container.ts';
import type { Reply } from '../fixtures/http.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { assertBadRequest, onEveryEndpoint, type TestContainer } from './endpoint.ts';

const MIB = 1024 * 1024;
/** The same limits in either version of cgroups. */
const SHOW = 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes memory.max cpu/cpu.cfs_quota_us cpu.max pids/pids.max pids.max 2>/dev/null; true';

onEveryEndpoint('update', (endpoint) => {
  const update = (container: TestContainer, change: ContainerUpdateRequest): Promise<Reply> => endpoint().api.post(container.at('/update'), change);
  const limits = async (container: TestContainer): Promise<string[]> => (await endpoint().docker.ok('exec', container.id, 'sh', '-c', SHOW)).trim().split(/\s+/);

  test('limits of a container that runs, in the kernel and in inspect', async () => {
    await using container = await endpoint().started({ Cmd: ['sleep', '1000'], HostConfig: { Memory: 64 * MIB } });
    const reply = await update(container, { Memory: 32 * MIB, NanoCpus: 5e8, PidsLimit: 77 });
    assert.deepEqual([reply.status, reply.as<unknown>()], [200, { Warnings: null }]);
    const shown = await limits(container);
    assert.equal(shown[0], String(32 * MIB));
    assert.equal(shown[1], '50000');
    assert.equal(shown.at(-1), '77');
    const { HostConfig: host } = await container.inspect();
    assert.deepEqual([host.Memory, host.NanoCpus, host.PidsLimit, host.MemorySwap], [32 * MIB, 5e8, 77, 128 * MIB]);
    // 0 leaves what was, but lifts the limit of processes.
    assert.equal((await update(container, { Memory: 0, PidsLimit: 0 })).status, 200);
    assert.equal((await limits(container)).at(-1), 'max');
    assert.equal((await container.inspect()).HostConfig.Memory, 32 * MIB);
  });

  test('a container that does not run starts with them', async () => {
    await using container = await endpoint().container({ Cmd: ['sleep', '1000'] });
    assert.equal((await update(container, { Memory: 48 * MIB, MemorySwap: 96 * MIB, RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } })).status, 200);
    await container.start();
    assert.equal((await limits(container))[0], String(48 * MIB));
    assert.deepEqual((await container.inspect()).HostConfig.RestartPolicy, { Name: 'on-failure', MaximumRetryCount: 3 });
  });

  test('a policy given later brings it back', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'sleep 1; exit 3'] });
    assert.equal((await update(container, { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 } })).status, 200);
    const code = await container.wait();
    assert.equal(code, 3);
    assert.equal((await container.inspect()).RestartCount, 1);
  });

  test('refusals, and nothing has changed', async () => {
    await using container = await endpoint().container({ Cmd: ['true'], HostConfig: { Memory: 64 * MIB, NanoCpus: 1e9 } });
    const before = (await container.inspect()).HostConfig;
    const refusals: [ContainerUpdateRequest, RegExp][] = [
      [{ Memory: 1 }, /^Minimum memory limit allowed is 6MB$/],
      [{ Memory: 999 * MIB }, /Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time$/],
      [{ CpuQuota: 20_000 }, /Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set$/],
      [{ CpuPeriod: 20_000 }, /Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set$/],
      [{ NanoCpus: 1e15 }, /^Range of CPUs is from 0\.01 to/],
      [{ CpusetCpus: '4000' }, /^Requested CPUs are not available - requested 4000/],
      [{ RestartPolicy: { Name: 'sometimes' } }, /invalid restart policy/],
    ];
    for (const [change, text] of refusals) {
      const reply = await update(container, change);
      assert.ok(reply.status >= 400, JSON.stringify(change));
      assert.match(reply.message, text);
    }
    assert.deepEqual((await container.inspect()).HostConfig, before);
    await using temporary = await endpoint().container({ Cmd: ['true'], HostConfig: { AutoRemove: true } });
    assert.match((await update(temporary, { RestartPolicy: { Name: 'always' } })).message, /Restart policy cannot be updated because AutoRemove is enabled for the container$/);
    assertBadRequest(endpoint(), await endpoint().api.post(container.at('/update')));
    assert.equal((await endpoint().api.post('/containers/nobody/update', {})).status, 404);
  });

  test('docker update, and its event', async () => {
    await using container = await endpoint().started({ Cmd: ['sleep', '1000'] });
    assert.equal(await endpoint().docker.ok('update', '--cpu-shares', '512', '--memory', '64m', '--memory-swap', '-1', container.name), container.name);
    const { HostConfig: host } = await container.inspect();
    assert.deepEqual([host.CpuShares, host.Memory, host.MemorySwap], [512, 64 * MIB, -1]);
    await waitUntil('the event', async () => (await endpoint().docker.ok('events', '--since', '5m', '--until', '0s', '--filter', 'event=update', '--filter', `container=${container.id}`)).includes('container update'));
  });
});
