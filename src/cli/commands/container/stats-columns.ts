import type { ContainerCpuStats, ContainerStats } from '../../../api/wire/stats.ts';
import type { Columns } from '../../output/listing.ts';
import { shortId } from '../../output/short-text.ts';
import { bytesSize, humanSize } from '../../output/units.ts';

export interface StatsRow {
  /** As it was asked for. */
  container: string;
  stats: ContainerStats;
}

/** What `stats` shows of a container, computed as the docker command computes it. */
export function statsColumns(truncate: boolean): Columns<StatsRow> {
  return {
    Container: { header: 'CONTAINER', value: (row) => row.container },
    ID: { header: 'CONTAINER ID', value: ({ stats }) => (truncate ? shortId(stats.id) : stats.id) },
    Name: { header: 'NAME', value: ({ stats }) => stats.name.replace(/^\//, '') },
    CPUPerc: { header: 'CPU %', value: ({ stats }) => `${cpuPercent(stats.precpu_stats, stats.cpu_stats).toFixed(2)}%` },
    MemUsage: { header: 'MEM USAGE / LIMIT', value: ({ stats }) => `${bytesSize(memoryUsed(stats))} / ${bytesSize(stats.memory_stats.limit ?? 0)}` },
    MemPerc: { header: 'MEM %', value: ({ stats }) => `${memoryPercent(stats).toFixed(2)}%` },
    NetIO: { header: 'NET I/O', value: ({ stats }) => `${humanSize(network(stats, 'rx_bytes'), 3)} / ${humanSize(network(stats, 'tx_bytes'), 3)}` },
    BlockIO: { header: 'BLOCK I/O', value: ({ stats }) => `${humanSize(blockIo(stats, 'r'), 3)} / ${humanSize(blockIo(stats, 'w'), 3)}` },
    PIDs: { header: 'PIDS', value: ({ stats }) => stats.pids_stats.current ?? 0 },
  };
}

function cpuPercent(before: ContainerCpuStats, now: ContainerCpuStats): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const processors = now.online_cpus ?? now.cpu_usage.percpu_usage?.length ?? 0;
  return passed > 0 && used > 0 ? (used / passed) * processors * 100 : 0;
}

/** Without the file cache that the kernel may drop at once. */
function memoryUsed({ memory_stats: memory }: ContainerStats): number {
  const usage = memory.usage ?? 0;
  const droppable = memory.stats?.['total_inactive_file'] ?? memory.stats?.['inactive_file'] ?? 0;
  return droppable < usage ? usage - droppable : usage;
}

function memoryPercent(stats: ContainerStats): number {
  const limit = stats.memory_stats.limit ?? 0;
  return limit === 0 ? 0 : (memoryUsed(stats) / limit) * 100;
}

function network(stats: ContainerStats, key: 'rx_bytes' | 'tx_bytes'): number {
  return Object.values(stats.networks ?? {}).reduce((sum, each) => sum + each[key], 0);
}

function blockIo(stats: ContainerStats, kind: 'r' | 'w'): number {
  return (stats.blkio_stats.io_service_bytes_recursive ?? []).filter(({ op }) => op.toLowerCase().startsWith(kind)).reduce((sum, { value }) => sum + value, 0);
}
