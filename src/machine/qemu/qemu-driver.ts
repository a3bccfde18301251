import { rm } from 'node:fs/promises';
import { START_PHASES } from '../../api/machine.ts';
import { UnavailableError } from '../../api/errors.ts';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { Cleanup } from '../../base/cleanup.ts';
import type { Logger } from '../../base/log.ts';
import { emulationFactor } from '../deadlines.ts';
import { configArchive } from '../disks/config-archive.ts';
import { ensureDataDisk } from '../disks/data-disk.ts';
import { assertRoom } from '../disks/disk-room.ts';
import { FactCache } from '../fact-cache.ts';
import { loadGuestImage } from '../guest/guest-image.ts';
import { ensureMachineKeys, type MachineKeys } from '../machine-keys.ts';
import type { MachinePaths } from '../machine-paths.ts';
import type { DriverCapabilities, VmDriver, VmStartRequest } from '../vm-driver.ts';
import { chooseAccelerator } from './accelerator-probe.ts';
import { findProgram } from './find-program.ts';
import type { GuestArch } from '../guest-arch.ts';
import { machineArgs, qemuProgram, type Channel, type HostPlatform } from './qemu-args.ts';
import { CONTROL_FD, MONITOR_FD, QemuProcess } from './qemu-process.ts';

/** The guest as QEMU's user network sees it. Source: QEMU "Network options", `-netdev user`. */
const GUEST_NETWORK = { address: '10.0.2.15/24', gateway: '10.0.2.2', dns: ['10.0.2.3'] } as const;
const GUEST_ENGINE_SOCKET = '/run/strata/engine.sock';

export interface QemuDriverOptions {
  paths: MachinePaths;
  platform: HostPlatform;
  hostArch: GuestArch;
  guestArch: GuestArch;
  /** Directory of the built guest: see `guest-image.ts`. */
  imageDirectory: string;
  log: Logger;
  /** Room that must be free on the host's disk. */
  neededBytes?: number;
}

/** A virtual machine by QEMU: KVM on Linux, HVF on macOS, WHPX on Windows, emulation where none of these runs guests. */
export class QemuDriver implements VmDriver {
  readonly name = 'qemu';
  readonly capabilities: DriverCapabilities = { guest: true, shell: true, phases: START_PHASES };
  readonly #options: QemuDriverOptions;

  constructor(options: QemuDriverOptions) {
    this.#options = options;
  }

  async unavailable(): Promise<string | undefined> {
    const { platform, guestArch } = this.#options;
    const program = qemuProgram(guestArch, platform);
    if ((await findProgram(program)) !== undefined) return undefined;
    return `${program} is not installed (${INSTALL_HINTS[platform](guestArch)})`;
  }

  async start(request: VmStartRequest): Promise<QemuProcess> {
    const { paths, platform, guestArch, log } = this.#options;
    await using undo = new Cleanup((error) => { log.warn('undo failed', { error }); });

    request.beginPhase('probe');
    const name = qemuProgram(guestArch, platform);
    const program = await findProgram(name);
    if (program === undefined) throw new UnavailableError(`${name} is not installed (${INSTALL_HINTS[platform](guestArch)})`);
    const cache = new FactCache(paths.cacheFile);
    const image = await loadGuestImage({ directory: this.#options.imageDirectory, arch: guestArch, cache, signal: request.signal });
    const { accelerator, warning } = await chooseAccelerator({
      host: { platform, arch: this.#options.hostArch }, guestArch, program, kernel: image.kernel, kernelSha256: image.kernelSha256, cache, log, signal: request.signal,
    });
    request.onAccelerator(accelerator);
    request.endPhase('probe');

    request.beginPhase('disk');
    await assertRoom(paths.directory, this.#options.neededBytes);
    const keys = await ensureMachineKeys(paths);
    const { created } = await ensureDataDisk(paths.dataDisk, request.diskGiB);
    if (created) undo.push(() => rm(paths.dataDisk, { force: true }));
    await writeFileAtomic(paths.configDisk, configArchive(configFiles(paths.name, keys)), { mode: 0o600 });
    request.endPhase('disk');

    request.beginPhase('boot');
    request.signal.throwIfAborted();
    const factor = emulationFactor(accelerator);
    const vm = await QemuProcess.launch({
      program,
      args: machineArgs({
        name: paths.name, arch: guestArch, accelerator, cpus: request.cpus, memoryMiB: request.memoryMiB,
        kernel: image.kernel, initrd: image.initrd, rootDisk: image.root, dataDisk: paths.dataDisk, configDisk: paths.configDisk,
        monitor: channel(platform, paths, MONITOR_FD, 'monitor'), controlPort: channel(platform, paths, CONTROL_FD, 'guest'),
      }),
      accelerator,
      warnings: warning === undefined ? [] : [warning],
      image: image.version,
      reach: (port) => ({
        kind: 'ssh', host: '127.0.0.1', port, username: 'root', privateKey: keys.user.privateKey, hostKey: keys.host.publicKey, engineSocket: GUEST_ENGINE_SOCKET,
      }),
      consoleLog: paths.consoleLog,
      stopLadder: { guestMs: 20_000 * Math.min(factor, 3), buttonMs: 3000, quitMs: 5000 },
      onReport: request.onReport, log, signal: request.signal,
    });
    request.endPhase('boot');
    undo.disarm();
    return vm;
  }
}

function configFiles(machine: string, keys: MachineKeys): Record<string, string> {
  return {
    'config.json': JSON.stringify({ hostname: machine === 'default' ? 'strata' : `strata-${machine.replaceAll(/[_.]/g, '-')}`, network: GUEST_NETWORK }),
    authorized_keys: `${keys.user.publicKey}\n`,
    ssh_host_ed25519_key: keys.host.privateKey,
    'daemon.json': '{}',
  };
}

function channel(platform: HostPlatform, paths: MachinePaths, fd: number, purpose: string): Channel {
  return platform === 'win32' ? { kind: 'pipe', name: paths.controlSocket.replace(/^.*\\/, '').replace(/control$/, purpose) } : { kind: 'fd', fd };
}

const INSTALL_HINTS: Readonly<Record<HostPlatform, (arch: GuestArch) => string>> = {
  linux: (arch) => `sudo apt-get install ${arch === 'amd64' ? 'qemu-system-x86' : 'qemu-system-arm'}`,
  darwin: () => 'brew install qemu',
  win32: () => 'winget install SoftwareFreedomConservancy.QEMU, then add its folder to PATH',
};
