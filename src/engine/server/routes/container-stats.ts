import { InvalidArgumentError } from '../../../api/errors.ts';
import type { ContainerCpuStats, ContainerNetworkStats, ContainerStats } from '../../../api/wire/stats.ts';
import type { ContainerRegistry } from '../../containers/container-registry.ts';
import { type StatsPair, type StatsSample, statsOnce, statsStream } from '../../containers/container-stats.ts';
import type { Container } from '../../containers/container.ts';
import type { CgroupUsage, IoCount } from '../../linux/cgroup-usage.ts';
import type { InterfaceCounters } from '../../linux/machine-usage.ts';
import { queryBoolean } from '../query.ts';
import type { Route } from '../route.ts';
import { writeAll } from './container-streams.ts';
import { wireTime } from './container-wire.ts';

export function containerStatsRoutes({ registry, cgroupVersion: version }: { registry: ContainerRegistry; cgroupVersion: 1 | 2 }): Route[] {
  return [{
    method: 'GET', path: '/containers/{id}/stats',
    handler: async (context) => {
      const { signal, query } = context;
      const [stream, oneShot] = [queryBoolean(query, 'stream', true), queryBoolean(query, 'one-shot')];
      if (stream && oneShot) throw new InvalidArgumentError('cannot have stream=true and one-shot=true');
      const container = registry.get(context.params['id'] ?? '');
      if (!stream) {
        context.json(200, wireStats(container, await statsOnce(container, { version, oneShot, signal })));
        return;
      }
      const response = context.streamHead(200, { 'content-type': 'application/json' });
      for await (const pair of statsStream(container, { version, signal })) await writeAll(response, `${JSON.stringify(wireStats(container, pair))}\n`, signal);
      response.end();
    },
  }];
}

const NO_CPU: ContainerCpuStats = { cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 }, throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 } };

function wireStats(container: Container, { now, before }: StatsPair): ContainerStats {
  return {
    id: container.id, name: `/${container.record.name}`, os_type: 'linux', read: wireTime(now?.at ?? 0), preread: wireTime(before?.at ?? 0), num_procs: 0, storage_stats: {},
    pids_stats: now?.usage.pids ?? {}, blkio_stats: wireIo(now?.usage.io), cpu_stats: wireCpu(now), precpu_stats: wireCpu(before), memory_stats: now ? wireMemory(now) : {},
    ...(now && Object.keys(now.networks).length > 0 ? { networks: Object.fromEntries(Object.entries(now.networks).map(([name, counters]) => [name, wireInterface(counters)])) } : {}),
  };
}

function wireCpu(sample: StatsSample | undefined): ContainerCpuStats {
  if (!sample) return NO_CPU;
  const { cpu } = sample.usage;
  return {
    cpu_usage: { total_usage: cpu.total, ...(cpu.perCpu ? { percpu_usage: [...cpu.perCpu] } : {}), usage_in_kernelmode: cpu.kernel, usage_in_usermode: cpu.user },
    system_cpu_usage: sample.system.total, online_cpus: sample.system.online,
    throttling_data: { periods: cpu.periods, throttled_periods: cpu.throttledPeriods, throttled_time: cpu.throttled },
  };
}

/** Without a limit, or with one beyond it, the machine's memory is the limit. */
function wireMemory({ usage: { memory }, machineMemoryBytes }: StatsSample): ContainerStats['memory_stats'] {
  return {
    usage: memory.usage, ...(memory.max === undefined ? {} : { max_usage: memory.max }), stats: { ...memory.details },
    ...(memory.failures > 0 ? { failcnt: memory.failures } : {}), limit: Math.min(memory.limit, machineMemoryBytes),
  };
}

function wireIo(io: CgroupUsage['io'] | undefined): ContainerStats['blkio_stats'] {
  const entries = (counts: readonly IoCount[]): ContainerStats['blkio_stats'][string] => counts.map(({ major, minor, operation, value }) => ({ major, minor, op: operation, value }));
  return {
    io_service_bytes_recursive: io ? entries(io.bytes) : null, io_serviced_recursive: io ? entries(io.operations) : null, io_queue_recursive: null,
    io_service_time_recursive: null, io_wait_time_recursive: null, io_merged_recursive: null, io_time_recursive: null, sectors_recursive: null,
  };
}

function wireInterface(counters: InterfaceCounters): ContainerNetworkStats {
  return {
    rx_bytes: counters.receivedBytes, rx_packets: counters.receivedPackets, rx_errors: counters.receiveErrors, rx_dropped: counters.receiveDropped,
    tx_bytes: counters.sentBytes, tx_packets: counters.sentPackets, tx_errors: counters.sendErrors, tx_dropped: counters.sendDropped,
  };
}
