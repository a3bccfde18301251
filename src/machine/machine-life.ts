import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MachineStatus } from '../api/machine.ts';
import { ConflictError, InternalError, NotFoundError, UnavailableError } from '../api/errors.ts';
import { silentLogger } from '../base/log.ts';
import { MachineClient } from './client.ts';
import { occupiedBytes } from './disks/data-disk.ts';
import { loadMachineConfig, type MachineConfig } from './machine-config.ts';
import { lockHolder } from './machine-lock.ts';
import { machinePaths, machinesDirectory, strataHome, type MachinePaths } from './machine-paths.ts';
import { endOrphan } from './orphan.ts';
import { isSameProcess } from './process-identity.ts';
import { loadState } from './state-file.ts';

/** What other programs do with machines, by name. Works whether an agent runs or not. Imports nothing heavy. */

const AGENT_END_MS = 5000;

export interface MachineRef {
  /** `default` if absent. */
  name?: string;
  /** `STRATA_HOME` or `~/.strata` if absent. */
  home?: string;
}

export function pathsFor(ref: MachineRef): MachinePaths {
  return machinePaths({ home: ref.home ?? strataHome(), name: ref.name ?? 'default' });
}

/**
 * The status of a machine: from its agent, or from what the last one left.
 * @throws NotFoundError when there is no such machine.
 */
export async function machineStatus(ref: MachineRef): Promise<MachineStatus> {
  const paths = pathsFor(ref);
  try {
    return await new MachineClient(paths.controlSocket).status();
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return savedStatus(paths);
  }
}

/** The statuses of all machines under the home, by name. A machine whose files are damaged is listed as in error. */
export async function listMachines(home: string = strataHome()): Promise<MachineStatus[]> {
  const names = await readdir(machinesDirectory(home)).catch(() => []);
  const statuses = await Promise.all(names.toSorted().map((name) => machineStatus({ name, home }).catch((error: unknown) => damaged(name, error))));
  return statuses.filter((status) => status !== undefined);
}

/** Resolves when the machine is down; at once when it already is. @throws NotFoundError */
export async function stopMachine(ref: MachineRef, options: { force?: boolean } = {}): Promise<void> {
  const paths = pathsFor(ref);
  await assertExists(paths);
  const agent = await lockHolder(paths.lockFile);
  try {
    await new MachineClient(paths.controlSocket).stop(options);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    const { vm } = (await loadState(paths.stateFile)) ?? {};
    if (vm !== undefined) await endOrphan(vm, silentLogger);
  }
  if (agent === undefined) return;
  // The agent has said its last word and is about to end.
  for (let waitedMs = 0; waitedMs < AGENT_END_MS && (await isSameProcess(agent)); waitedMs += 20) await sleep(20);
}

/**
 * Removes a machine and everything in it. Its containers, images and volumes are gone then.
 * @throws ConflictError when it runs and `force` is not given; NotFoundError.
 */
export async function removeMachine(ref: MachineRef, options: { force?: boolean } = {}): Promise<void> {
  const paths = pathsFor(ref);
  await assertExists(paths);
  if ((await lockHolder(paths.lockFile)) !== undefined) {
    if (options.force !== true) throw new ConflictError(`machine ${paths.name} is running: stop it first (strata machine stop --name ${paths.name}), or use --force`);
    await stopMachine(ref, { force: true });
  }
  await assertNothingMounted(paths);
  await rm(paths.directory, { recursive: true, force: true });
}

/**
 * Containers of a native machine outlive its engine, and their root file systems are mounted under its directory: removing through
 * a mount would delete what is mounted there.
 */
async function assertNothingMounted(paths: MachinePaths): Promise<void> {
  // Source: proc(5), /proc/pid/mountinfo, field 5; blanks in it are octal escapes, which no machine name has.
  const table = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const mounted = table.split('\n').map((line) => line.split(' ')[4] ?? '').filter((point) => point.startsWith(`${paths.directory}/`));
  if (mounted.length > 0) throw new ConflictError(`machine ${paths.name} still has containers: ${mounted[0] ?? ''} is mounted (start it, remove its containers, and try again)`);
}

async function assertExists(paths: MachinePaths): Promise<void> {
  const found = await stat(paths.directory).catch(() => undefined);
  if (found?.isDirectory() !== true) throw new NotFoundError(`no such machine: ${paths.name}`);
}

/** What is known without an agent. */
export async function savedStatus(paths: MachinePaths): Promise<MachineStatus> {
  await assertExists(paths);
  const [config, state, diskUsedBytes] = await Promise.all([loadMachineConfig(paths.configFile), loadState(paths.stateFile), occupiedBytes(paths.dataDisk)]);
  if (config === undefined) throw new NotFoundError(`no such machine: ${paths.name} (its directory has no machine.json)`);
  const last = state?.status;
  const { agentPid: _agent, vmPid: _vm, engineEndpoint: _endpoint, uptimeSeconds: _uptime, ...kept } = last ?? stopped(paths.name, config);
  const status: MachineStatus = { ...kept, cpus: config.cpus, memoryMiB: config.memoryMiB, diskGiB: config.diskGiB, ...(diskUsedBytes === undefined ? {} : { diskUsedBytes }) };
  if (status.state === 'stopped' || status.state === 'error') return status;
  return {
    ...status, state: 'error',
    failure: { phase: status.state === 'stopping' ? 'stop' : 'running', message: 'the machine agent ended unexpectedly', remedy: `start the machine again: strata machine start --name ${paths.name}`, consoleTail: [] },
  };
}

function stopped(name: string, config: MachineConfig): MachineStatus {
  return { name, state: 'stopped', driver: config.driver === 'auto' ? 'qemu' : config.driver, warnings: [], phases: [], cpus: config.cpus, memoryMiB: config.memoryMiB, diskGiB: config.diskGiB };
}

function damaged(name: string, error: unknown): MachineStatus | undefined {
  if (!(error instanceof InternalError)) return undefined;
  return { name, state: 'error', driver: 'qemu', warnings: [], phases: [], cpus: 0, memoryMiB: 0, diskGiB: 0, failure: { phase: 'probe', message: error.message, consoleTail: [] } };
}
