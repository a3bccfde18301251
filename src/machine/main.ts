import { closeSync, mkdirSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { DriverName, MachineStatus } from '../api/machine.ts';
import { ConflictError, InternalError, InvalidArgumentError, messageOf, NotFoundError } from '../api/errors.ts';
import { createLogger, type Logger } from '../base/log.ts';
import { Agent } from './agent.ts';
import { ControlServer } from './control/control-server.ts';
import { parseDeadlineOverrides } from './deadlines.ts';
import { FactCache } from './fact-cache.ts';
import { hostArch } from './guest-arch.ts';
import { findInstallation } from './installation.ts';
import { loadMachineConfig, type MachineConfig } from './machine-config.ts';
import { MachineLock } from './machine-lock.ts';
import { machinePaths, strataHome, type MachinePaths } from './machine-paths.ts';
import { nativeRoots } from './native/native-roots.ts';
import { NativeDriver } from './native/native-driver.ts';
import { QemuDriver } from './qemu/qemu-driver.ts';
import type { HostPlatform } from './qemu/qemu-args.ts';
import { RotatingFile } from './rotating-file.ts';
import { saveState } from './state-file.ts';
import { StatusBoard } from './status-board.ts';
import type { VmDriver } from './vm-driver.ts';
import { loadWelcomeImage } from './welcome-image.ts';

/** Composition root of `strata-host`: the only file that chooses implementations. */

const LOG_LIMIT_BYTES = 5 * 1024 * 1024;

const USAGE = `usage: strata-host [--machine NAME] [--ready-fd N]

Runs the agent of one machine in the foreground: starts the machine, forwards its engine to
<STRATA_HOME>/machines/NAME/engine.sock and serves the control API on control.sock beside it.
Ends when the machine ends; SIGTERM stops the machine first.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { machine: { type: 'string', default: 'default' }, 'ready-fd': { type: 'string' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  // Everything that an agent makes is its owner's alone.
  process.umask(0o077);
  const tell = readyTeller(values['ready-fd']);
  const paths = machinePaths({ home: strataHome(), name: values.machine });
  mkdirSync(paths.directory, { recursive: true, mode: 0o700 });
  const file = new RotatingFile(paths.agentLog, LOG_LIMIT_BYTES);
  const log = createLogger({ level: process.env['STRATA_DEBUG'] === '1' ? 'debug' : 'info', write: (line) => { file.write(line); } });
  process.on('uncaughtException', (error) => {
    log.error('agent crashed', { error, stack: error.stack });
    process.stderr.write(`strata-host: ${messageOf(error)}\n`);
    process.exit(70);
  });
  try {
    await serve(paths, log, tell);
    return 0;
  } catch (error) {
    log.error('agent ends', { error });
    tell(error instanceof ConflictError && error.message.includes('has an agent already') ? { busy: true } : { error: messageOf(error) });
    process.stderr.write(`strata-host: ${messageOf(error)}\n`);
    return 1;
  }
}

async function serve(paths: MachinePaths, log: Logger, tell: (fact: ReadyFact) => void): Promise<void> {
  const config = await loadMachineConfig(paths.configFile);
  if (config === undefined) throw new NotFoundError(`no such machine: ${paths.name} (make it with: strata machine start --name ${paths.name})`);
  const deadlines = parseDeadlineOverrides(process.env['STRATA_PHASE_DEADLINES']);
  await using lock = await MachineLock.acquire(paths.lockFile);
  log.info('agent begins', { pid: process.pid, machine: paths.name });
  const board = new StatusBoard(initialStatus(paths.name, config));
  const installation = findInstallation();
  const agent = new Agent({
    paths, config, board, deadlines, log, drivers: drivers(paths, log),
    whenReady: (signal) => loadWelcomeImage({ archive: installation.welcomeArchive(hostArch()), engineSocket: paths.engineSocket, cache: new FactCache(paths.cacheFile), log, signal }),
  });
  let control: ControlServer;
  try {
    control = await ControlServer.listen({ path: paths.controlSocket, agent, board, log });
  } catch (error) {
    await saveState(paths.stateFile, { status: { ...board.get(), state: 'error', failure: { phase: 'probe', message: messageOf(error), consoleTail: [] } } });
    throw error;
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => { void agent.stop({ force: false }); });
  process.on('SIGHUP', () => undefined);
  tell({ ready: true });
  void agent.start();
  await agent.finished;
  control.unlist();
  await lock[Symbol.asyncDispose]();
  await control[Symbol.asyncDispose]();
  log.info('agent ends', { pid: process.pid });
}

function drivers(paths: MachinePaths, log: Logger): Partial<Record<DriverName, VmDriver>> {
  const installation = findInstallation();
  const platform: HostPlatform = process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux';
  const arch = hostArch();
  return {
    qemu: new QemuDriver({ paths, platform, hostArch: arch, guestArch: arch, imageDirectory: installation.guestImageDirectory(arch), log }),
    native: new NativeDriver({ paths, engineCommand: installation.engineCommand, ...nativeRoots(paths), log }),
  };
}

function initialStatus(name: string, config: MachineConfig): MachineStatus {
  return {
    name, state: 'starting', driver: config.driver === 'auto' ? 'qemu' : config.driver, warnings: [], phases: [], agentPid: process.pid,
    cpus: config.cpus, memoryMiB: config.memoryMiB, diskGiB: config.diskGiB,
  };
}

/** What the agent tells the program that started it, once, as a line on the inherited file `--ready-fd`. */
type ReadyFact = { ready: true } | { busy: true } | { error: string };

function readyTeller(fdText: string | undefined): (fact: ReadyFact) => void {
  const fd = fdText === undefined ? undefined : Number(fdText);
  if (fd !== undefined && !(Number.isInteger(fd) && fd > 2)) throw new InvalidArgumentError(`invalid --ready-fd ${String(fdText)}`);
  let open = fd !== undefined;
  return (fact) => {
    if (!open || fd === undefined) return;
    open = false;
    try {
      writeSync(fd, `${JSON.stringify(fact)}\n`);
      closeSync(fd);
    } catch {
      // The starter has gone; nobody is left to tell.
    }
  };
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`strata-host: ${messageOf(error)}\n`);
  process.exitCode = error instanceof InternalError ? 70 : 64;
}
// Timers and sockets that are only kept for comfort must not hold the process.
process.exit();
