import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MachineStatus } from '../api/machine.ts';
import { ConflictError, InternalError, UnavailableError } from '../api/errors.ts';
import { MachineClient } from './client.ts';
import { findInstallation } from './installation.ts';
import { defaultConfig, loadMachineConfig, parseMachineConfig, saveMachineConfig, type MachineConfig } from './machine-config.ts';
import { lockHolder } from './machine-lock.ts';
import { pathsFor, savedStatus, type MachineRef } from './machine-life.ts';
import type { MachinePaths } from './machine-paths.ts';

export interface StartOptions extends Partial<MachineConfig> {
  /** Hears of every change while the machine starts. */
  onStatus?: (status: MachineStatus) => void;
  /** Aborting ends the waiting, not the start. */
  signal?: AbortSignal;
}

/**
 * Starts a machine, making it if it does not exist, and waits until it runs or has failed. The agent outlives the caller.
 * Options that are given are kept for later starts. Starting a machine that runs or starts just joins it.
 * Resolves with a status whose state is `running`, or `error` with its failure; `stopped` when somebody stopped it meanwhile.
 * @throws InvalidArgumentError for bad options; ConflictError when the machine runs and differs from the options given;
 *   InternalError when the agent itself cannot run.
 */
export async function startMachine(ref: MachineRef, options: StartOptions = {}): Promise<MachineStatus> {
  const paths = pathsFor(ref);
  parseMachineConfig({ ...defaultConfig(), ...given(options) });
  await mkdir(paths.directory, { recursive: true, mode: 0o700 });
  const client = new MachineClient(paths.controlSocket);
  // A second round is needed when the agent that was joined was about to end.
  for (let round = 0; round < 3; round += 1) {
    if ((await lockHolder(paths.lockFile)) === undefined) {
      await saveOptions(paths, options);
      await spawnAgent(paths);
    } else {
      await assertSameOptions(paths, options);
    }
    const status = await followStart(client, paths, options);
    if (status.state !== 'stopping') return status;
  }
  throw new UnavailableError(`machine ${paths.name} is being stopped by somebody else`);
}

/** Restarts a running machine and waits as `startMachine` does. A machine that is down is started. */
export async function restartMachine(ref: MachineRef, options: Pick<StartOptions, 'onStatus' | 'signal'> = {}): Promise<MachineStatus> {
  const paths = pathsFor(ref);
  const client = new MachineClient(paths.controlSocket);
  try {
    await client.restart();
  } catch (error) {
    if (error instanceof UnavailableError) return startMachine(ref, options);
    throw error;
  }
  return followStart(client, paths, options);
}

/** Creates or changes `machine.json`. Nothing is written when nothing changes. */
async function saveOptions(paths: MachinePaths, options: StartOptions): Promise<void> {
  const saved = await loadMachineConfig(paths.configFile);
  const wanted = parseMachineConfig({ ...(saved ?? defaultConfig()), ...given(options) });
  if (saved === undefined || JSON.stringify(saved) !== JSON.stringify(wanted)) await saveMachineConfig(paths.configFile, wanted);
}

async function assertSameOptions(paths: MachinePaths, options: StartOptions): Promise<void> {
  const saved = await loadMachineConfig(paths.configFile);
  for (const [name, value] of Object.entries(given(options))) {
    const present = saved?.[name as keyof MachineConfig];
    if (present !== undefined && present !== value) {
      throw new ConflictError(`machine ${paths.name} runs with ${name} ${String(present)}: stop it before changing that to ${String(value)}`);
    }
  }
}

function given(options: StartOptions): Partial<MachineConfig> {
  const { driver, cpus, memoryMiB, diskGiB } = options;
  return Object.fromEntries(Object.entries({ driver, cpus, memoryMiB, diskGiB }).filter(([, value]) => value !== undefined));
}

/** Starts the agent on its own and waits until it serves its control socket, or another agent turns out to. */
async function spawnAgent(paths: MachinePaths): Promise<void> {
  const [program, ...args] = findInstallation().agentCommand;
  const log = openSync(paths.agentLog, 'a', 0o600);
  try {
    const agent = spawn(program, [...args, '--machine', paths.name, '--ready-fd', '3'], {
      detached: true, stdio: ['ignore', log, log, 'pipe'], env: { ...process.env, ...homeOverride(paths) },
    });
    agent.unref();
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => undefined);
    agent.once('error', (error) => { failed.reject(new InternalError(`cannot run the machine agent: ${error.message}`, { cause: error })); });
    const line = await Promise.race([firstLine(agent.stdio[3] as Readable), failed.promise]);
    await judge(line, paths);
  } finally {
    closeSync(log);
  }
}

/** The agent finds its home as this program would; a home that was given by argument is handed down. */
function homeOverride(paths: MachinePaths): NodeJS.ProcessEnv {
  const usual = pathsFor({ name: paths.name });
  return usual.directory === paths.directory ? {} : { STRATA_HOME: paths.home };
}

async function judge(line: string, paths: MachinePaths): Promise<void> {
  let fact: { ready?: boolean; busy?: boolean; error?: string };
  try {
    fact = JSON.parse(line) as typeof fact;
  } catch {
    const lastWords = (await readFile(paths.agentLog, 'utf8').catch(() => '')).trim().split('\n').slice(-3).join(' / ');
    throw new InternalError(`the machine agent ended before it was ready: ${lastWords} (see ${paths.agentLog})`);
  }
  if (fact.error !== undefined) throw new ConflictError(`machine ${paths.name} cannot start: ${fact.error}`);
}

async function firstLine(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.trim();
}

async function followStart(client: MachineClient, paths: MachinePaths, options: Pick<StartOptions, 'onStatus' | 'signal'>): Promise<MachineStatus> {
  for (let pauseMs = 10; pauseMs < 3000; pauseMs *= 2) {
    let last: MachineStatus | undefined;
    try {
      for await (const status of client.watch(options.signal)) {
        last = status;
        options.onStatus?.(status);
        if (status.state === 'running') return status;
      }
      // The agent has gone and let go of everything; an error or stop is what it said last.
      return last?.state === 'stopped' || last?.state === 'error' || last?.state === 'stopping' ? last : await savedStatus(paths);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      // Either an agent that is between taking its lock and listening, or one that has failed already.
      if ((await lockHolder(paths.lockFile)) === undefined) return savedStatus(paths);
      await sleep(pauseMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
    }
  }
  throw new UnavailableError(`the agent of machine ${paths.name} holds its lock but does not answer (see ${paths.agentLog})`);
}
