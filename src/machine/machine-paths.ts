import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { posix, win32 } from 'node:path';
import { InvalidArgumentError } from '../api/errors.ts';

/** Where one machine keeps everything. Plain strings: nothing here touches the disk. */
export interface MachinePaths {
  readonly home: string;
  readonly name: string;
  readonly directory: string;
  /** Control API of the agent: socket path, or pipe name on Windows. */
  readonly controlSocket: string;
  /** The engine, forwarded: socket path, or pipe name on Windows. */
  readonly engineSocket: string;
  /** What a client puts into `DOCKER_HOST`: `unix:///…` or `npipe:////./pipe/…`. */
  readonly engineEndpoint: string;
  /** What the machine is made of: see `machine-config.ts`. */
  readonly configFile: string;
  /** The last status that the agent told: see `state-file.ts`. */
  readonly stateFile: string;
  readonly lockFile: string;
  readonly agentLog: string;
  readonly consoleLog: string;
  readonly dataDisk: string;
  readonly configDisk: string;
  readonly userKey: string;
  readonly hostKey: string;
  /** Facts that cost something to learn: image digests, accelerator probe. */
  readonly cacheFile: string;
}

/**
 * The kernel's `sun_path` holds 104 bytes on macOS and 108 on Linux, with the final zero byte. A longer path does not fail: it is cut,
 * which is worse. The smaller limit holds everywhere, so that a home directory moves between systems.
 */
export const SOCKET_PATH_LIMIT_BYTES = 103;

const NAME_PATTERN = /^[a-z0-9][a-z0-9_.-]{0,39}$/;

/** @throws InvalidArgumentError */
export function assertMachineName(name: string): void {
  if (!NAME_PATTERN.test(name)) {
    throw new InvalidArgumentError(`invalid machine name ${JSON.stringify(name)}: use 1 to 40 of a-z 0-9 _ . - and begin with a letter or digit`);
  }
}

/** `STRATA_HOME`, or `~/.strata`: short on purpose, because socket paths are limited. */
export function strataHome(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env['STRATA_HOME'];
  return chosen === undefined || chosen === '' ? pathsOf(process.platform).join(homedir(), '.strata') : pathsOf(process.platform).resolve(chosen);
}

export function machinesDirectory(home: string): string {
  return pathsOf(process.platform).join(home, 'machines');
}

/**
 * The paths of machine `name` under `home`.
 * @throws InvalidArgumentError for a bad name, or when a socket path would be too long; the message carries the remedy.
 */
export function machinePaths(options: { home: string; name: string; platform?: NodeJS.Platform }): MachinePaths {
  assertMachineName(options.name);
  const platform = options.platform ?? process.platform;
  const path = pathsOf(platform);
  const directory = path.join(options.home, 'machines', options.name);
  const at = (file: string): string => path.join(directory, file);
  const controlSocket = platform === 'win32' ? pipeName(options, 'control') : socketPath(at('control.sock'));
  const engineSocket = platform === 'win32' ? pipeName(options, 'engine') : socketPath(at('engine.sock'));
  return {
    home: options.home, name: options.name, directory, controlSocket, engineSocket,
    engineEndpoint: platform === 'win32' ? `npipe://${engineSocket.replaceAll('\\', '/')}` : `unix://${engineSocket}`,
    configFile: at('machine.json'), stateFile: at('state.json'), lockFile: at('agent.pid'), agentLog: at('agent.log'), consoleLog: at('console.log'),
    dataDisk: at('data.img'), configDisk: at('config.img'), userKey: at('id_ed25519'), hostKey: at('ssh_host_ed25519_key'), cacheFile: at('cache.json'),
  };
}

/** Pipe names are global on Windows: the home is part of the name, so that two homes do not meet. */
function pipeName(machine: { home: string; name: string }, purpose: string): string {
  const home = createHash('sha256').update(machine.home.toLowerCase()).digest('hex').slice(0, 8);
  return `\\\\.\\pipe\\strata-${home}-${machine.name}-${purpose}`;
}

function socketPath(path: string): string {
  const bytes = Buffer.byteLength(path);
  if (bytes > SOCKET_PATH_LIMIT_BYTES) {
    throw new InvalidArgumentError(
      `socket path is ${String(bytes)} bytes long, more than the ${String(SOCKET_PATH_LIMIT_BYTES)} that systems allow: ${path} (set STRATA_HOME to a shorter directory, or give the machine a shorter name)`,
    );
  }
  return path;
}

function pathsOf(platform: NodeJS.Platform): typeof posix {
  return platform === 'win32' ? win32 : posix;
}
