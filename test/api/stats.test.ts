import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { ContainerStats } from '../../src/api/wire/stats.ts';
import { waitUntil, within } from '../fixtures/wait-until.ts';
import { onEveryEndpoint } from './endpoint.ts';

const MIB = 1024 * 1024;

onEveryEndpoint('stats', (endpoint) => {
  test('processor, memory, processes and network of a busy container', async () => {
    await using busy = await endpoint().started({ Cmd: ['sh', '-c', 'head -c 8388608 /dev/zero > /file; echo written; while :; do :; done'], HostConfig: { Memory: 64 * MIB } });
    await waitUntil('its file', async () => (await endpoint().docker.run(['logs', busy.id])).stdout.includes('written'));
    const stats = (await endpoint().api.get(busy.at('/stats?stream=0'))).as<ContainerStats>();
    assert.deepEqual([stats.id, stats.name], [busy.id, `/${busy.name}`]);
    assert.ok(Date.parse(stats.read) > Date.parse(stats.preread) && Date.parse(stats.preread) > 0);
    const [cpu, before] = [stats.cpu_stats, stats.precpu_stats];
    assert.ok(cpu.cpu_usage.total_usage > before.cpu_usage.total_usage);
    assert.ok((cpu.system_cpu_usage ?? 0) > (before.system_cpu_usage ?? 0));
    assert.ok(cpu.cpu_usage.usage_in_usermode > 0 && (cpu.online_cpus ?? 0) >= 1);
    const memory = stats.memory_stats;
    assert.equal(memory.limit, 64 * MIB);
    assert.ok((memory.usage ?? 0) > 8 * MIB && (memory.usage ?? 0) < 64 * MIB, String(memory.usage));
    // What the file has left in the cache is told apart, under the name of either version of cgroups.
    assert.ok((memory.stats?.['cache'] ?? memory.stats?.['file'] ?? 0) >= 8 * MIB);
    assert.ok('inactive_file' in (memory.stats ?? {}));
    assert.equal(stats.pids_stats.current, 1);
    assert.deepEqual(Object.keys(stats.networks ?? {}), ['eth0']);
    assert.ok(Array.isArray(stats.blkio_stats.io_service_bytes_recursive));
  });

  test('one-shot has no sample before it', async () => {
    await using container = await endpoint().started({ Cmd: ['sleep', '1000'] });
    const stats = (await endpoint().api.get(`/v1.41${container.at('/stats?stream=0&one-shot=1')}`)).as<ContainerStats>();
    assert.ok(stats.cpu_stats.cpu_usage.total_usage > 0);
    assert.equal(stats.precpu_stats.cpu_usage.total_usage, 0);
    assert.match(stats.preread, /^0001-/);
    const reply = await endpoint().api.get(`/v1.41${container.at('/stats?stream=1&one-shot=1')}`);
    assert.deepEqual([reply.status, reply.message], [400, 'cannot have stream=true and one-shot=true']);
  });

  test('a stream compares each sample with the last, and ends with the container', async () => {
    await using container = await endpoint().started({ Cmd: ['sleep', '1000'] });
    const open = await endpoint().api.open('GET', container.at('/stats'));
    const samples: ContainerStats[] = [];
    let text = '';
    open.body.on('data', (chunk: Buffer) => {
      const lines = (text + chunk.toString()).split('\n');
      text = lines.pop() ?? '';
      samples.push(...lines.filter((line) => line !== '').map((line) => JSON.parse(line) as ContainerStats));
    });
    await waitUntil('three samples', () => Promise.resolve(samples.length >= 3));
    assert.equal(samples[2]?.preread, samples[1]?.read);
    assert.equal(samples[2]?.precpu_stats.system_cpu_usage, samples[1]?.cpu_stats.system_cpu_usage);
    const ended = once(open.body, 'end');
    await container.remove();
    await within(20_000, 'the end of the stream', ended);
  });

  test('a container that does not run, one in the network of the machine, and none', async () => {
    await using stopped = await endpoint().container({ Cmd: ['true'] });
    const stats = (await endpoint().api.get(stopped.at('/stats?stream=0'))).as<ContainerStats>();
    assert.deepEqual([stats.id, stats.name, stats.cpu_stats.cpu_usage.total_usage, stats.memory_stats, stats.pids_stats], [stopped.id, `/${stopped.name}`, 0, {}, {}]);
    await using inHost = await endpoint().started({ Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'host' } });
    assert.equal((await endpoint().api.get(inHost.at('/stats?stream=0'))).as<ContainerStats>().networks, undefined);
    assert.equal((await endpoint().api.get('/containers/nobody/stats')).status, 404);
  });

  test('docker stats', async () => {
    await using container = await endpoint().started({ Cmd: ['sleep', '1000'], HostConfig: { Memory: 64 * MIB } });
    const line = await endpoint().docker.ok('stats', '--no-stream', '--format', '{{.Name}}|{{.CPUPerc}}|{{.MemUsage}}|{{.MemPerc}}|{{.NetIO}}|{{.BlockIO}}|{{.PIDs}}', container.id);
    assert.match(line, new RegExp(String.raw`^${container.name}\|\d+\.\d\d%\|[\d.]+[KM]iB / 64MiB\|\d+\.\d\d%\|[\d.]+k?B / [\d.]+k?B\|[\d.]+[kM]?B / [\d.]+[kM]?B\|1$`));
  });
});
