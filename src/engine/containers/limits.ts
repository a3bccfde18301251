import type { Limits } from '../../api/wire/container.ts';
import { InvalidArgumentError } from '../../api/errors.ts';
import type { CgroupFeatures } from '../linux/cgroup-features.ts';

const MINIMUM_MEMORY_BYTES = 6 * 1024 * 1024;
const LARGEST_CPU = 8191;

/**
 * Limits, checked in dockerd's order and words. What the machine cannot do is left out, with a warning. Pure.
 * @throws InvalidArgumentError
 */
export function checkLimits<T extends Limits>(wanted: T, machine: CgroupFeatures, isUpdate = false): { limits: T; warnings: string[] } {
  const limits = { ...wanted };
  const warnings: string[] = [];
  checkMemory(limits, machine, warnings, isUpdate);
  checkOom(limits, machine, warnings);
  checkCpu(limits, machine, warnings);
  checkCpuset(limits, machine, warnings);
  checkBlkio(limits, machine, warnings);
  return { limits, warnings };
}

const refuse = (text: string): never => { throw new InvalidArgumentError(text); };
const unsupported = (what: string, consequence: string): string => `Your kernel does not support ${what} or the cgroup is not mounted. ${consequence}`;

function checkMemory(limits: Limits, machine: CgroupFeatures, warnings: string[], isUpdate: boolean): void {
  if (limits.MemorySwappiness === -1) limits.MemorySwappiness = null;
  if (limits.Memory && limits.Memory < MINIMUM_MEMORY_BYTES) refuse('Minimum memory limit allowed is 6MB');
  if (limits.Memory && !machine.memory) {
    warnings.push(unsupported('memory limit capabilities', 'Limitation discarded.'));
    limits.Memory = 0;
    limits.MemorySwap = -1;
  }
  if (limits.Memory && limits.MemorySwap !== -1 && !machine.swap) {
    warnings.push(unsupported('swap limit capabilities', 'Memory limited without swap.'));
    limits.MemorySwap = -1;
  }
  const { Memory: memory = 0, MemorySwap: swap = 0, MemoryReservation: reservation = 0 } = limits;
  if (memory > 0 && swap > 0 && swap < memory) refuse('Minimum memoryswap limit should be larger than memory limit, see usage');
  if (memory === 0 && swap > 0 && !isUpdate) refuse('You should always set the Memory limit when using Memoryswap limit, see usage');
  const swappiness = limits.MemorySwappiness ?? undefined;
  if (swappiness !== undefined && !machine.swappiness) {
    warnings.push(unsupported('memory swappiness capabilities', 'Memory swappiness discarded.'));
    limits.MemorySwappiness = null;
  } else if (swappiness !== undefined && (swappiness < 0 || swappiness > 100)) {
    refuse(`Invalid value: ${String(swappiness)}, valid memory swappiness range is 0-100`);
  }
  if (reservation > 0 && !machine.memoryReservation) {
    warnings.push(unsupported('memory soft limit capabilities', 'Limitation discarded.'));
    limits.MemoryReservation = 0;
  } else if (reservation > 0 && reservation < MINIMUM_MEMORY_BYTES) {
    refuse('Minimum memory reservation allowed is 6MB');
  }
  if (memory > 0 && reservation > memory) refuse('Minimum memory limit can not be less than memory reservation limit, see usage');
}

function checkOom(limits: Limits, machine: CgroupFeatures, warnings: string[]): void {
  if (limits.OomKillDisable === true && !machine.oomKillDisable) {
    warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
    limits.OomKillDisable = null;
  } else if (limits.OomKillDisable === true && !limits.Memory) {
    warnings.push('OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.');
  }
  if ((limits.PidsLimit ?? 0) > 0 && !machine.pids) {
    warnings.push(unsupported('PIDs limit capabilities', 'PIDs limit discarded.'));
    limits.PidsLimit = null;
  }
}

function checkCpu(limits: Limits, machine: CgroupFeatures, warnings: string[]): void {
  const { NanoCpus: nano = 0, CpuPeriod: period = 0, CpuQuota: quota = 0, CpuShares: shares = 0 } = limits;
  if (nano > 0 && period > 0) refuse('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  if (nano > 0 && quota > 0) refuse('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  if (nano > 0 && !machine.cpuQuota) refuse('NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted');
  const count = String(machine.cpuCount);
  if (nano < 0 || nano > machine.cpuCount * 1e9) refuse(`Range of CPUs is from 0.01 to ${count}.00, as there are only ${count} CPUs available`);
  if (shares < 0) refuse('shares: invalid argument');
  if (shares > 0 && !machine.cpuShares) {
    warnings.push(unsupported('CPU shares', 'Shares discarded.'));
    limits.CpuShares = 0;
  }
  if ((period !== 0 || quota !== 0) && !machine.cpuQuota) {
    warnings.push('Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.');
    limits.CpuPeriod = 0;
    limits.CpuQuota = 0;
    return;
  }
  if (period !== 0 && (period < 1000 || period > 1_000_000)) refuse('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  if (quota > 0 && quota < 1000) refuse('CPU cfs quota can not be less than 1ms (i.e. 1000)');
}

function checkCpuset(limits: Limits, machine: CgroupFeatures, warnings: string[]): void {
  if ((limits.CpusetCpus || limits.CpusetMems) && !machine.cpuset) {
    warnings.push(unsupported('cpuset', 'Cpuset discarded.'));
    limits.CpusetCpus = '';
    limits.CpusetMems = '';
  }
  if (!isWithin(limits.CpusetCpus ?? '', machine.cpus, 'cpuset cpus')) refuse(`Requested CPUs are not available - requested ${limits.CpusetCpus ?? ''}, available: ${machine.cpus}`);
  if (!isWithin(limits.CpusetMems ?? '', machine.memoryNodes, 'cpuset mems')) refuse(`Requested memory nodes are not available - requested ${limits.CpusetMems ?? ''}, available: ${machine.memoryNodes}`);
}

function isWithin(wanted: string, available: string, what: string): boolean {
  const present = parseCpuList(available) ?? new Set();
  const list = parseCpuList(wanted);
  if (!list) throw new InvalidArgumentError(`Invalid value ${wanted} for ${what}: invalid format: ${wanted}`);
  return [...list].every((number) => present.has(number));
}

/** `0-2,7`, as cpuset(7) has it; undefined when it is none. */
function parseCpuList(text: string): Set<number> | undefined {
  const numbers = new Set<number>();
  for (const part of text === '' ? [] : text.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (!match || last < first || last > LARGEST_CPU) return undefined;
    for (let number = first; number <= last; number += 1) numbers.add(number);
  }
  return numbers;
}

const THROTTLES = [
  ['BlkioDeviceReadBps', 'BPS Block I/O read limit', 'Block I/O BPS read limit discarded.'], ['BlkioDeviceWriteBps', 'BPS Block I/O write limit', 'Block I/O BPS write limit discarded.'],
  ['BlkioDeviceReadIOps', 'IOPS Block read limit', 'Block I/O IOPS read limit discarded.'], ['BlkioDeviceWriteIOps', 'IOPS Block write limit', 'Block I/O IOPS write limit discarded.'],
] as const;

function checkBlkio(limits: Limits, machine: CgroupFeatures, warnings: string[]): void {
  const weight = limits.BlkioWeight ?? 0;
  if (weight > 0 && !machine.blkioWeight) {
    warnings.push(unsupported('Block I/O weight', 'Weight discarded.'));
    limits.BlkioWeight = 0;
  } else if (weight !== 0 && (weight < 10 || weight > 1000)) {
    refuse('Range of blkio weight is from 10 to 1000');
  }
  if (limits.BlkioWeightDevice?.length && !machine.blkioWeight) {
    warnings.push(unsupported('Block I/O weight_device', 'Weight-device discarded.'));
    limits.BlkioWeightDevice = [];
  }
  for (const [field, what, consequence] of THROTTLES) {
    if (!limits[field]?.length || machine.blkioThrottle) continue;
    warnings.push(unsupported(what, consequence));
    limits[field] = [];
  }
}
